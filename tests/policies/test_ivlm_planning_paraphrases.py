"""Sentences that no task asks, and what a person means by them."""

from __future__ import annotations

import pytest

from ivlm_bench.types import Query
from ivlm_policies.ivlm.planning.planner import TemplatePlanner
from ivlm_policies.ivlm.stages import Phrase

PLANNER = TemplatePlanner()

#: What is meant: action, noun, part, colour, place, sense; and the sentences that say so.
MEANT: dict[tuple[str, ...], tuple[str, ...]] = {
    ("grasp", "mug"): (
        "Get hold of the mug.",
        "Would you lift the mug, please?",
        "I need you to fetch the coffee mug.",
        "Could you grab that mug for me?",
        "Seize the mug!",
        "The mug: pick it up.",
        "Pick that mug up off the table.",
        "The mug should be picked up.",
        "Raise the mug from the table.",
        "Would you mind picking up the mug?",
        "Pick up the mug next to the hammer.",
        "Why don't you take the mug?",
        "Don't hesitate to grab the mug.",
    ),
    ("grasp", "cup"): ("Take the cup.", "Snatch up the teacup."),
    ("grasp", "box"): ("Hoist the carton.", "Carry the package.", "Collect the parcel, please."),
    ("grasp", "bowl"): (
        "Fetch me that bowl.",
        "Clasp the salad bowl.",
        "The bowl is to be lifted.",
    ),
    ("grasp", "pan"): ("Grip the frying pan.", "Hold on to the skillet."),
    ("grasp", "object"): (
        "Pick up the kettle.",
        "Grab the gizmo.",
        "Take the screwdriver.",
        "Lift it.",
        "Get a grip on the thing.",
    ),
    ("grasp", "mug", "handle"): (
        "Grab the mug's handle.",
        "By its handle, please, pick up the mug.",
        "Lift the mug using its handle.",
        "Take hold of the mug at the handle.",
        "The mug should be held by its handle.",
        "Grip the ear of the mug.",
        "Put your fingers on the handle of the mug.",
        "Hook? No: grasp the mug handle.",
        "I want you to hold the mug by its loop.",
        "Pick the mug up, but only by the handle.",
        "Carry the mug by the grip.",
        "Lift the mug by its handle without touching the body.",
    ),
    ("grasp", "pan", "handle"): (
        "Hold the skillet by its handle.",
        "Carry the frying pan by its stem.",
        "The pan's handle is where you should grab it.",
    ),
    ("grasp", "hammer", "handle"): (
        "Take the hammer by the shaft.",
        "Pick the claw hammer up by its haft.",
        "Hold the mallet by its grip.",
        "Get the hammer by its wooden part.",
        "Hammer the nail.",
        "Strike with the hammer.",
        "Use the hammer to pound the nail in.",
    ),
    ("grasp", "knife", "handle"): (
        "Take the knife by its handle and not by its blade.",
        "Grip the knife at the hilt.",
        "Avoid the blade: hold the knife by the handle.",
        "Rather than by the blade, hold the knife by its handle.",
        "Keep your fingers off the blade and take the knife by the handle.",
        "The blade must not be touched; hold the knife's handle.",
        "Never touch the blade, pick up the knife by its grip.",
        "Cut the bread with the knife.",
        "Slice the apple using the kitchen knife.",
        "Leave the blade alone and grab the handle of the knife.",
        "Mind the blade, take the knife by the handle.",
    ),
    ("grasp", "object", "handle"): (
        "Hold the screwdriver by the handle.",
        "Take the kettle by its grip.",
        "Grab the handle.",
        "Pour from the kettle by its handle.",
    ),
    ("grasp", "bottle", "cap"): (
        "Hold the bottle by its stopper.",
        "Take the bottle at the cap.",
        "Grab the bottle by its lid.",
        "Pinch the bottle cap.",
        "Lift the bottle by its top.",
        "Pick up the water bottle by the screw cap.",
    ),
    ("grasp", "bottle", "neck"): (
        "Hold the bottle by its neck.",
        "Get the wine bottle by the neck.",
        "Grip the neck of the bottle, not its cap.",
    ),
    ("open", "cabinet", "handle", "", "top"): (
        "Pull the top drawer open.",
        "Slide the upper drawer out.",
        "Pull out the uppermost drawer.",
        "Get the top drawer open.",
        "Grab the handle of the top drawer and pull it open.",
        "I'd like the topmost drawer opened.",
        "Please have the highest drawer opened.",
        "Pull on the handle of the top drawer.",
        "Tug the drawer at the top open.",
        "The drawer at the top needs opening.",
        "Draw the first drawer from the top out.",
        "Can you open up the upper drawer of the cabinet?",
    ),
    ("open", "cabinet", "handle", "", "bottom"): (
        "Yank the lowest drawer open.",
        "Open the drawer at the bottom.",
        "Draw out the lower drawer.",
        "Open the last drawer.",
        "Not the top drawer, open the bottom one: the bottom drawer.",
    ),
    ("open", "cabinet", "handle", "", "middle"): (
        "Open the drawer in the middle.",
        "Slide open the central drawer.",
        "Open the second drawer from the top.",
    ),
    ("open", "cabinet", "handle", "", "left"): (
        "Swing open the cabinet's left door.",
        "Open the left-hand door of the cupboard.",
        "Open the cupboard door on the left.",
        "Pull the leftmost cabinet door.",
    ),
    ("open", "object", "handle"): (
        "Open the microwave.",
        "Pull the microwave door open.",
        "The microwave should be opened.",
        "Swing the door open.",
        "Let me look into the microwave.",
    ),
    ("push", "cabinet", "drawer", "", "top"): (
        "Close the top drawer.",
        "Shut the upper drawer.",
        "Slide the top drawer back in.",
        "Push in the topmost drawer.",
        "The top drawer is open; shut it.",
        "Push the top drawer that stands open shut.",
        "Give the upper drawer a push.",
        "Slam the top drawer shut.",
    ),
    ("push", "cabinet", "door", "", "right"): (
        "Close the cabinet door on the right.",
        "Swing the cupboard's right door shut.",
        "Shut the right-hand door of the cabinet.",
    ),
    ("push", "object", "door"): ("Close the microwave.", "Shut the microwave door."),
    ("push", "box"): ("Push the box.", "Shove the carton aside."),
    ("press", "panel", "button", "red"): (
        "Push the red button.",
        "Hit the red button on the panel.",
        "Tap the crimson button.",
        "Press down the red button.",
        "Give the red button a press.",
        "The red button needs pressing.",
        "Put a finger on the red button.",
        "Press the button that is red.",
        "Could you click the red one? The button, I mean.",
        "Depress the red push-button.",
        "Poke the red button, not the green one.",
        "Instead of the blue button, press the red button.",
    ),
    ("press", "panel", "button", "green"): (
        "Touch the green button.",
        "Activate the green button.",
    ),
    ("press", "panel", "button", "black"): ("Jab the black key.", "Push the black button in."),
    ("turn", "knob", "knob", "", "", "clockwise"): (
        "Rotate the knob clockwise.",
        "Twist the dial to the right.",
        "Turn the knob to the right.",
        "Give the knob a turn clockwise.",
        "Spin the knob in the direction of a clock.",
    ),
    ("turn", "knob", "knob", "", "left", "anticlockwise"): (
        "Twist the left knob counter-clockwise.",
        "Rotate the leftmost dial anti-clockwise.",
        "Turn the knob on the left counterclockwise.",
        "Move the left-hand knob against the clock.",
    ),
    ("turn", "lever", "lever", "", "", "down"): (
        "Pull the lever down.",
        "Push down the lever.",
        "Lower the lever.",
        "Move the lever downwards.",
        "Flip the lever down.",
        "Press the lever down.",
    ),
    ("turn", "lever", "lever", "", "", "up"): (
        "Raise the lever.",
        "Lift the lever up.",
        "Push the lever upward.",
        "Swing the lever up.",
    ),
    ("turn", "lever", "lever", "", "right", "left"): (
        "Turn the right lever to the left.",
        "Push the right-hand lever leftwards.",
    ),
    ("turn", "object", "handle", "", "", "anticlockwise"): (
        "Turn on the tap.",
        "Turn the handle of the tap anticlockwise.",
        "Rotate the tap's handle counterclockwise.",
    ),
    ("lift", "box", "lid"): (
        "Raise the lid of the box.",
        "Open the box.",
        "Open the box's lid.",
        "Flip up the lid on the box.",
        "Uncover the box.",
        "Swing the box's lid up.",
        "Take the lid of the box by its tab and lift it.",
        "Lift up the cover of the box.",
        "Open the carton.",
        "The lid of the box should be lifted.",
    ),
    ("place", "block", "top", "red"): (
        "Place the mug on top of the red block.",
        "Set the mug down on the red block.",
        "Stand the bottle on the red cube.",
        "On the red block, put the bowl.",
        "The cup goes on the red block.",
        "Take the mug and put it on the red block.",
        "Pick up the mug and set it on the red block.",
        "Put the blue mug onto the red block.",
        "Move the box to the red block.",
        "The bowl belongs on the red block.",
        "Rest the bottle upon the red block, not on the green stand.",
    ),
    ("place", "bench", "top", "white"): (
        "Leave the cup on the white bench.",
        "Deposit the box on the white bench.",
    ),
    ("place", "stand", "top", "black"): ("Put the bowl on the black pedestal.",),
}
CASES = [(text, Phrase(*meant)) for meant, texts in MEANT.items() for text in texts]


def test_there_are_many() -> None:
    assert len({text for text, _ in CASES}) >= 150


@pytest.mark.parametrize(("text", "meant"), CASES, ids=[text for text, _ in CASES])
def test_paraphrases_are_understood_from_the_sentence_alone(text: str, meant: Phrase) -> None:
    plan = PLANNER.plan(Query("", "", None, text))
    assert plan.abstain_reason is None
    assert plan.phrase == meant


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Take the knife by its handle, not by the blade.", "blade"),
        ("Hold the knife by its handle so that nobody touches the blade.", "blade"),
        ("Keep your fingers off the blade and take the knife by the handle.", "blade"),
        ("The blade must not be touched; hold the knife's handle.", "blade"),
        ("Leave the blade alone and grab the handle of the knife.", "blade"),
        ("Slice the apple using the kitchen knife.", "blade"),
        ("Lift the mug by its handle without touching the body.", "body"),
        ("Grip the neck of the bottle, not its cap.", "cap"),
    ],
)
def test_what_must_not_be_touched_is_looked_for(text: str, part: str) -> None:
    queries = PLANNER.plan(Query("", "", None, text)).queries
    assert [q.phrase.part for q in queries if q.role == "avoid"] == [part]
    assert part not in {q.phrase.part for q in queries if q.role == "contact"}


def test_another_thing_that_must_not_be_touched_is_looked_for_in_the_whole_picture() -> None:
    plan = PLANNER.plan(Query("", "", None, "Take the mug without touching the hammer."))
    (avoided,) = (q for q in plan.queries if q.role == "avoid")
    assert (avoided.phrase.noun, avoided.scope) == ("hammer", "image")


@pytest.mark.parametrize(
    ("text", "action", "part"),
    [
        ("Cut the bread with the knife.", "cut", "blade"),
        ("Hit the nail with the hammer.", "strike", "head"),
        ("Pour the soup out of the bowl.", "pour", "rim"),
    ],
)
def test_tools_have_a_functional_part_beside_the_contact(text: str, action: str, part: str) -> None:
    queries = PLANNER.plan(Query("", "", None, text)).queries
    (function,) = (q for q in queries if q.role == "function")
    assert (function.phrase.action, function.phrase.part) == (action, part)
    (contact,) = (q for q in queries if q.role == "contact")
    assert contact.phrase.part != part or action == "pour"


@pytest.mark.parametrize(
    ("query", "noun"),
    [
        (Query("grasp", "mug", None, "Pick up the cup."), "mug"),
        (Query("grasp", "cup", None, "Pick up the cup."), "cup"),
        (Query("grasp", "bottle", None, "Pick up the thing."), "bottle"),
        (Query("grasp", "kettle", None, "Pick up the mug."), "mug"),
        (Query("grasp", "box", None, "Pick up the crate."), "box"),
    ],
)
def test_the_questions_own_object_decides_between_nouns(query: Query, noun: str) -> None:
    assert PLANNER.plan(query).phrase.noun == noun
