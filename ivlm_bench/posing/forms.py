"""Which predictions an answer can be made into, and in which words."""

#: Forms of predictions that an answer can be made into.
FORMS = ("heatmap", "values", "points")

#: What a prediction of each form is called, and what it was made of where the answer had none.
MADE = {
    "heatmap": ("heat map", "made from the point"),
    "values": ("values on points", "made from the map or the point"),
    "points": ("image points", "made from the map or the contact"),
}
