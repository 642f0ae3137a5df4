"""The service's figures as Prometheus reads them. Collected when asked for; nothing is counted twice for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from router.service import Service
from router.waiting import expected_waits

_COUNTS = (
    *("offered", "answered", "answered_in", "abandoned", "timed_out", "blocked", "nobody_there", "closed"),
    *("resolved", "escalated"),
)


class ServiceCollector(Collector):
    """Counts of rows, inputs and refusals; contacts, agents and cases by state; every queue's sums and waiting."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        """All families, read at this instant."""
        yield from self._traffic()
        yield from self._floor()
        yield from self._queues()
        yield from self._expected_waits()

    def _traffic(self) -> Iterator[Metric]:
        service = self._service
        yield CounterMetricFamily("firstline_rows", "Rows in the journal.", value=service.engine.board.seq)
        yield CounterMetricFamily("firstline_inputs", "Messages taken from the bus.", value=service.inputs)
        refused = CounterMetricFamily("firstline_refusals", "Inputs refused, by whose fault.", labels=["fault"])
        for fault, count in sorted(service.refusals.items()):
            refused.add_metric([fault], count)
        yield refused
        yield GaugeMetricFamily("firstline_unannounced_rows", "Rows not yet spoken.", value=service.unannounced)

    def _floor(self) -> Iterator[Metric]:
        board = self._service.engine.board
        for name, text, states in (
            ("firstline_contacts", "Contacts under way, by state.", [c.state for c in board.floor.contacts.values()]),
            ("firstline_agents", "Agents, by state.", [a.state for a in board.floor.agents.values()]),
            ("firstline_cases", "Cases, by state.", [c.state for c in board.desk.cases.values()]),
        ):
            family = GaugeMetricFamily(name, text, labels=["state"])
            for state, count in sorted(Counter(states).items()):
                family.add_metric([state], count)
            yield family

    def _queues(self) -> Iterator[Metric]:
        service = self._service
        waiting = GaugeMetricFamily(
            "firstline_waiting",
            "Contacts not answered yet, by queue; those that ring are among them.",
            labels=["queue"],
        )
        outcomes = CounterMetricFamily("firstline_queue_contacts", "Contacts, by queue and how far they came.",
                                       labels=["queue", "count"])  # fmt: skip
        for queue, tally in service.measures.by_queue().items():
            waiting.add_metric([queue], service.engine.board.floor.matching.length(queue))
            for count in _COUNTS:
                outcomes.add_metric([queue, count], getattr(tally, count))
        yield waiting
        yield outcomes

    def _expected_waits(self) -> Iterator[Metric]:
        """Of queues that announce; the quantile of the wait is absent while it is not known."""
        service = self._service
        by = ["queue", "quantile"]
        wait = GaugeMetricFamily("firstline_expected_wait_seconds",
                                 "The wait of a contact that came now, as quantiles.", labels=by)  # fmt: skip
        judged = CounterMetricFamily("firstline_wait_predictions",
                                     "Expected waits told, by what came of them.", labels=[*by, "outcome"])  # fmt: skip
        loss = CounterMetricFamily("firstline_wait_pinball_loss_seconds",
                                   "Pinball loss of expected waits, over contacts answered.", labels=by)  # fmt: skip
        answered = CounterMetricFamily("firstline_wait_predictions_answered",
                                       "Expected waits told to contacts that were answered.", labels=by)  # fmt: skip
        for each in expected_waits(service.engine.board, max(service.clock.now(), service.engine.now)):
            labels, score = [each.queue, f"{each.percent / 100:g}"], each.score
            if each.wait_ms is not None:
                wait.add_metric(labels, each.wait_ms / 1_000)
            for outcome in ("within", "beyond", "unknown"):
                judged.add_metric([*labels, outcome], getattr(score, outcome))
            loss.add_metric(labels, score.pinball / 100_000)
            answered.add_metric(labels, score.answered)
        yield from (wait, judged, loss, answered)
