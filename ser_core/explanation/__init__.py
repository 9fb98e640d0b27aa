"""Why a model answered as it did: what decided, how the voice differs from others, what would change the answer.

explanation = explain(recogniser, waveform)
explanation.decisive()                               # [(0.42, 0.71), (1.3, 1.4)] in seconds
"""

from ser_core.explanation.importance import LONGEST_S as LONGEST_S
from ser_core.explanation.importance import Explanation as Explanation
from ser_core.explanation.importance import explain as explain
