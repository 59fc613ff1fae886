"""The nouns of the suite.

Conventions, stated once: SI units and radians; world frame right-handed, z up; camera frame
OpenCV (+x right, +y down, +z forward); ``a_from_b`` maps b-coordinates to a-coordinates;
quaternions unit, wxyz; images (h, w, 3) uint8 sRGB; depth is z-depth in metres, 0.0 = no return;
pixel (0, 0) is the centre of the top-left pixel; float64 geometry, float32 images and maps.
Arrays inside a noun are read-only.
"""

from ivlm_bench.types.interaction import Evidence as Evidence
from ivlm_bench.types.interaction import Grasp as Grasp
from ivlm_bench.types.interaction import Interaction as Interaction
from ivlm_bench.types.interaction import Motion as Motion
from ivlm_bench.types.judgement import Check as Check
from ivlm_bench.types.judgement import Keyframe as Keyframe
from ivlm_bench.types.judgement import TrialOutcome as TrialOutcome
from ivlm_bench.types.judgement import TrialSpec as TrialSpec
from ivlm_bench.types.judgement import Truth as Truth
from ivlm_bench.types.judgement import Verdict as Verdict
from ivlm_bench.types.objects import Joint as Joint
from ivlm_bench.types.objects import Link as Link
from ivlm_bench.types.objects import ObjectModel as ObjectModel
from ivlm_bench.types.objects import Part as Part
from ivlm_bench.types.objects import PartGrasp as PartGrasp
from ivlm_bench.types.observation import GripperSpec as GripperSpec
from ivlm_bench.types.observation import Observation as Observation
from ivlm_bench.types.observation import Query as Query
from ivlm_bench.types.observation import Signal as Signal
from ivlm_bench.types.scene import Placement as Placement
from ivlm_bench.types.scene import Scene as Scene
from ivlm_bench.types.spatial import Camera as Camera
from ivlm_bench.types.spatial import Mesh as Mesh
from ivlm_bench.types.spatial import Pose as Pose
from ivlm_bench.types.spatial import View as View
from ivlm_bench.types.tools import Conditions as Conditions
from ivlm_bench.types.tools import Contact as Contact
from ivlm_bench.types.tools import GripperMount as GripperMount
from ivlm_bench.types.tools import GripperProgram as GripperProgram
from ivlm_bench.types.tools import JointState as JointState
from ivlm_bench.types.tools import ProbeMount as ProbeMount
from ivlm_bench.types.tools import Tool as Tool
