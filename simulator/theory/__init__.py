"""Closed forms and exact chains of queueing theory, in pure Python: what a simulation is checked against.

    blocked calls cleared     `erlang_b`, `erlang_b_load`
    patient customers         `erlang_c`, `erlang_c_agents`, `priority_waits`
    impatient customers       `erlang_a`, `general_patience` (M/M/n+G), `finite_queue` (M/M/n/K+M)
    two skills                `n_model`
    through the day           `transient`
    several stations          `throughputs`
    service level             `SERVICE_LEVELS`, from counts

All of them assume Poisson arrivals and exponential service, and agents who are all alike. Times are in any one unit
of the caller's choosing and rates per that unit; loads are in erlangs. The service level of every model here is
"answered within the threshold / offered"; the product's default is another one, so name the formula beside the number.
Every function raises ValueError, in one sentence, for arguments outside its domain.
"""

from __future__ import annotations

from simulator.theory.erlang import Patient, erlang_b, erlang_b_load, erlang_c, erlang_c_agents, priority_waits
from simulator.theory.impatience import Impatient, erlang_a, general_patience
from simulator.theory.limited import FiniteQueue, finite_queue
from simulator.theory.networks import throughputs
from simulator.theory.patience import Deterministic, Exponential, Mixture, Patience, Stages
from simulator.theory.service_level import SERVICE_LEVELS, Counts, ServiceLevel
from simulator.theory.skills import Demand, FlexiblePrefers, NModel, n_model
from simulator.theory.transient import Interval, Transient, transient

__all__ = [
    "SERVICE_LEVELS",
    "Counts",
    "Demand",
    "Deterministic",
    "Exponential",
    "FiniteQueue",
    "FlexiblePrefers",
    "Impatient",
    "Interval",
    "Mixture",
    "NModel",
    "Patience",
    "Patient",
    "ServiceLevel",
    "Stages",
    "Transient",
    "erlang_a",
    "erlang_b",
    "erlang_b_load",
    "erlang_c",
    "erlang_c_agents",
    "finite_queue",
    "general_patience",
    "n_model",
    "priority_waits",
    "throughputs",
    "transient",
]
