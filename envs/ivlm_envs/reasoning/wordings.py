"""Sentences that no other task asks and no training has: how else people say the same."""

from __future__ import annotations

#: Wordings by what is asked for. ``{thing}``: the object's name; ``{which}``: what tells the part
#: from its like ("top", "left", "red"); ``{support}``: what things are put on, with its colour.
WHOLE = (
    "Bring me the {thing} that you see there.",
    "I would like to have the {thing} in your gripper.",
    "The {thing} has to leave the table, so take it up.",
    "Go and get the {thing}, nothing else.",
    "Your job: hold the {thing} in the air.",
    "Let us see you carry the {thing}.",
)
HANDLE = (
    "Carry the {thing}, holding on to its handle.",
    "I want the {thing} held by nothing but its handle.",
    "Your fingers belong around the {thing}'s handle.",
    "See the handle on that {thing}? Lift it there.",
    "The handle of the {thing} is what you should seize.",
    "Fetch the {thing}, and touch only the handle while you do.",
    "Close the gripper on the handle that the {thing} has.",
)
CAP = (
    "Squeeze the bottle's cap and raise it.",
    "Carry the bottle; your fingers go on the cap.",
    "It is the cap of the bottle that you should clutch.",
    "Raise the bottle, gripping nothing but the cap.",
    "Get your gripper on the bottle's cap.",
)
NECK = (
    "Squeeze the bottle's neck and raise it.",
    "Carry the bottle; your fingers go on the neck.",
    "It is the neck of the bottle that you should clutch.",
    "Raise the bottle, gripping nothing but the neck.",
    "Get your gripper on the bottle's neck.",
)
DRAWER = (
    "I need something from the {which} drawer, so pull on it.",
    "What is inside the {which} drawer? Have a look.",
    "Make the {which} drawer come out.",
    "The {which} drawer ought to be slid out.",
    "Extract the {which} drawer from its cabinet.",
    "Bring the {which} drawer towards you.",
)
DOOR = (
    "I need something from behind the {which} door, so swing it out.",
    "What is behind the {which} door? Have a look.",
    "Make the {which} door stand wide open.",
    "The {which} door ought to be swung open.",
    "Unclose the {which} door.",
    "Bring the {which} door towards you.",
)
BUTTON = (
    "Make the {which} button go in.",
    "The {which} button is the one to be pushed.",
    "Use your fingertip on the {which} button.",
    "Drive the {which} button into the panel.",
    "Which button? The {which} one. Hit it.",
    "Ring the {which} button as if it were a doorbell.",
)
LID = (
    "I want to see what is in the box, so get its lid up.",
    "Make the box stand open.",
    "The box ought to have its lid raised.",
    "Have a look under the lid of the box.",
    "Get the lid out of the way: it swings up.",
    "Tip the lid of the box back.",
)
ROUND = (
    "Make the {which} go round {sense}.",
    "The {which} ought to be rotated {sense}.",
    "Would you wind the {which} {sense}?",
    "{Sense} is the way to rotate the {which}.",
    "Take the {which} and rotate it {sense}.",
    "A twist of the {which}, {sense}, is all I ask for.",
)
STRAIGHT = (
    "Make the {which} point further {sense}.",
    "The {which} ought to be moved {sense}.",
    "Would you tilt the {which} {sense}?",
    "{Sense} is the way to swing the {which}.",
    "Take the {which} and bring it {sense}.",
)
SUPPORT = (
    "The {support} is where the {thing} has to stand.",
    "I would like the {thing} to end up on the {support}.",
    "Find the {support} and set the {thing} down there.",
    "Have the {thing} rest upon the {support}.",
    "The {support} waits for the {thing}: put it there.",
    "Let the {thing} stand on the {support} from now on.",
)
SHUT = (
    "The {which} ought to be closed.",
    "Somebody left the {which} open; see to it that it is shut.",
    "Make sure that the {which} is closed.",
    "Move the {which} until it is shut.",
    "I do not want the {which} to stand open: push it.",
    "Bang the {which} shut.",
)
