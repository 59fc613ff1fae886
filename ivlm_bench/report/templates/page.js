(function () {
  "use strict";
  var form = document.getElementById("filter");
  var task = document.getElementById("filter-task");
  var outcome = document.getElementById("filter-outcome");
  var count = document.getElementById("filter-count");
  var cards = Array.prototype.slice.call(document.querySelectorAll("article.card"));
  function apply() {
    var n = 0;
    cards.forEach(function (card) {
      var fits = (!task.value || card.dataset.task === task.value) &&
        (!outcome.value || card.dataset.keys.split(" ").indexOf(outcome.value) >= 0);
      card.hidden = !fits;
      n += fits ? 1 : 0;
    });
    count.textContent = n + " of " + cards.length + " shown";
  }
  function reveal() {
    var card = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (card && card.hidden) { task.value = outcome.value = ""; apply(); card.scrollIntoView(); }
  }
  form.hidden = cards.length < 2;
  form.addEventListener("change", apply);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  window.addEventListener("hashchange", reveal);
  apply();
  reveal();
})();
