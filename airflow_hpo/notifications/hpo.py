"""Notifier that writes the message and sends it through other notifiers."""

import copy
from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseNotifier, Context

from airflow_hpo.core.declared import nearest
from airflow_hpo.core.remedy import closest
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.notifications.message import Event, message_of


class HpoNotifier(BaseNotifier):
    """Notifies people of a study, a comparison, an approval or a champion: in the log, and through other notifiers.

    Use it as ``on_success_callback`` or ``on_failure_callback`` of any task of this provider, as ``on_failure_callback`` of a
    DAG, and among the ``notifiers`` of :class:`PromotionApprovalOperator`. The event is found from the task.

    Other notifiers send it: their templated arguments may hold ``{{ hpo.subject }}`` (one line), ``{{ hpo.text }}`` (the
    whole message, plain text), ``{{ hpo.event }}`` and ``{{ hpo.data }}``, such as
    ``SlackWebhookNotifier(text="{{ hpo.text }}")``. One that fails is logged and holds up neither the others nor the task.

    Example::

        notify = HpoNotifier(events=["promoted", "failed"])  # into the log; via=... sends it
        StudyFinishOperator(task_id="finish", study=Study(name="s", objective="loss", space={"x": Float(0, 1)}, max_trials=9), on_success_callback=notify)

    :param via: a notifier, or several, that send the message.
    :param event: name of the event, such as ``"promoted"``; None to find it from the task.
    :param events: names of the events that are sent; None for all.
    :raises DeclarationError: when there is no such event, or what sends it is no notifier.
    """

    def __init__(
        self,
        via: BaseNotifier | Sequence[BaseNotifier] = (),
        *,
        event: str | None = None,
        events: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        for name in (name for name in kwargs if name != "context"):
            meant = closest(name, ["via", "event", "events"])
            raise DeclarationError(
                f"HpoNotifier has no argument {name!r}, but got {name}={kwargs[name]!r}; it takes via, event, events. Write {meant}=..."
            )
        super().__init__(**kwargs)
        self.via: list[Any] = list(via) if isinstance(via, list | tuple) else [via]
        for each in self.via:
            if not isinstance(each, BaseNotifier):
                raise DeclarationError(
                    f"A message is sent by notifiers, but got {each!r}. Write via=SlackWebhookNotifier(text='{{{{ hpo.text }}}}')."
                )
        if isinstance(events, str) or (events is not None and not events):
            meant = f"Write events=[{events!r}]." if events else "Leave `events` out."
            raise DeclarationError(f"`events` is a list of names of events, but got {events!r}. {meant}")
        self.event = None if event is None else _known(event)
        self.events = None if events is None else [_known(each) for each in events]

    def notify(self, context: Context) -> None:
        """Log the message and send it.

        :param context: Airflow's.
        """
        message = message_of(context, self.event)
        if self.events is not None and message.event not in self.events:
            return
        self.log.info("%s", message.text)
        for each in self.via:
            try:
                # Rendering changes a notifier, and this one may be needed again.
                copy.copy(each)({**context, "hpo": message})
            except Exception:
                self.log.exception("%s could not send: %s", type(each).__name__, message.subject)


def _known(event: str) -> Event:
    names = [each.value for each in Event]
    if event not in names:
        hint = nearest(str(event), names) or f" Choose one of {', '.join(names)}."
        raise DeclarationError(f"A notification is about an event, but got {event!r}.{hint}")
    return Event(event)
