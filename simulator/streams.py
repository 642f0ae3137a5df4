"""The simulator's dice: one random number per (seed, purpose, entity), each a pure function of these three.

A draw is the finaliser of SplitMix64 applied to a counter (Steele, Lea, Flood, "Fast splittable pseudorandom number
generators", OOPSLA 2014; used by counter as in Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
Nothing is carried from one draw to the next, so who is asked for first, or whether somebody else exists at all, changes
nobody's number: two policies meet the same customers. Integers of 64 bits and a multiplication are all it takes, so a
compiled kernel may draw a whole column at once and get the same bits.

The keys of two purposes are two places on the one orbit of the Weyl sequence `key + n * GAMMA`. Two stretches of it
could overlap by chance: for a hundred purposes of a million entities the odds are about one in a billion.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

MASK: Final = 0xFFFF_FFFF_FFFF_FFFF
GAMMA: Final = 0x9E37_79B9_7F4A_7C15
"""The odd integer next to 2**64 divided by the golden ratio: the step between neighbouring entities."""

_UNIT: Final = 2.0**-52


def key(seed: int, purpose: str) -> int:
    """The key (64 bits) of the streams for one purpose, such as "patience". A key may serve as the seed of others."""
    return int.from_bytes(blake2b(f"{seed}/{purpose}".encode(), digest_size=8).digest(), "little")


def bits(key: int, entity: int) -> int:
    """The 64 random bits of one entity (any integer; its value modulo 2**64 counts)."""
    z = (key + entity * GAMMA) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB) & MASK
    return z ^ (z >> 31)


def uniform(key: int, entity: int) -> float:
    """The number of one entity, uniform in the open interval (0, 1): 2**52 values, the middles of as many cells.

    With one bit more the last cell's middle would round to 1.0, whose logarithms and quantiles are infinite.
    """
    # The body of `bits`, written out: a call less for every draw, and there are a dozen for every customer.
    z = (key + entity * GAMMA) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB) & MASK
    return (((z ^ (z >> 31)) >> 12) + 0.5) * _UNIT
