"""Connections and Variables of Airflow, where only the answer *not found* means that there is none.

Airflow's public look-up passes over every secrets backend that fails, so an API server that is away looks like a connection
that is not defined. Where it finds nothing, the backends are asked once more in a way that keeps what they answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk import Connection, Variable
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowNotFoundException,
    AirflowRuntimeError,
    AirflowSecretsBackendAccessDenied,
    ErrorType,
)

from airflow_hpo.exceptions import HpoError, StoreRefusedError, StoreUnavailableError
from airflow_hpo.storage.retry import patiently

if TYPE_CHECKING:
    from airflow.sdk.execution_time.comms import ErrorResponse

_ABSENT = (ErrorType.CONNECTION_NOT_FOUND, ErrorType.VARIABLE_NOT_FOUND)
_UNREADABLE = (ValueError, TypeError, AirflowException)
"""What parsing a connection raises. Its text repeats the connection, password included."""


def find_connection(conn_id: str, patience: float = 0.0) -> Connection | None:
    """Return a connection, trying for some seconds while it cannot be looked up; None when it is not defined."""
    found: Connection | None = patiently(patience, lambda: _find(_Kind("connection", Connection.get), conn_id))
    return found


def find_variable(key: str) -> str | None:
    """Return the text of a Variable; None when it is not defined."""
    found: str | None = _find(_Kind("Variable", Variable.get), key)
    return found


@dataclass(frozen=True)
class _Kind:
    name: str
    publicly: Callable[[str], Any]

    def request(self, name: str) -> Any:
        """Return the message by which a supervisor is asked."""
        from airflow.sdk.execution_time.comms import GetConnection, GetVariable

        return GetConnection(conn_id=name) if self.name == "connection" else GetVariable(key=name)

    def held_by(self, backend: Any, name: str) -> Any:
        """Return what one secrets backend has of that name."""
        return backend.get_connection(conn_id=name) if self.name == "connection" else backend.get_variable(key=name)

    def failed(self, name: str, got: str) -> StoreUnavailableError:
        """Return the error of a look-up without an answer."""
        return StoreUnavailableError(
            f"The {self.name} {name!r} must be looked up in Airflow, but the look-up failed: {got}. Whether it is defined is "
            f"not known, so nothing is taken in its stead. See that Airflow's API server and its secrets backend answer."
        )

    def refused(self, name: str, got: str) -> StoreRefusedError:
        """Return the error of a look-up that a person has to allow or to correct."""
        return StoreRefusedError(f"The {self.name} {name!r} must be one that Airflow can hand out, but {got}")


def _find(kind: _Kind, name: str) -> Any:
    found = _publicly(kind, name)
    if found is None and _is_there(kind, name):
        # It was away for the first question, or Airflow has it and cannot decrypt it.
        found = _publicly(kind, name)
        if found is None:
            raise kind.failed(name, "it is defined, and cannot be read; [core] fernet_key may be another one")
    return found


def _publicly(kind: _Kind, name: str) -> Any:
    try:
        return kind.publicly(name)
    except (AirflowNotFoundException, AirflowSecretsBackendAccessDenied):
        return None
    except AirflowRuntimeError as err:
        if err.error.error in _ABSENT:
            return None
        raise kind.failed(name, _told(err.error)) from err
    except Exception as err:  # noqa: BLE001 - a secrets backend that cannot be made raises anything
        raise _failure(kind, name, "Airflow", err) from (None if isinstance(err, _UNREADABLE) else err)


def _is_there(kind: _Kind, name: str) -> bool:
    from airflow.sdk.execution_time.secrets import ExecutionAPISecretsBackend
    from airflow.sdk.execution_time.supervisor import ensure_secrets_backend_loaded

    return any(
        _supervisor_has(kind, name)
        if isinstance(backend, ExecutionAPISecretsBackend)
        else _backend_has(kind, name, backend)
        for backend in ensure_secrets_backend_loaded()
    )


def _backend_has(kind: _Kind, name: str, backend: Any) -> bool:
    called = type(backend).__name__
    try:
        return kind.held_by(backend, name) is not None
    except AirflowSecretsBackendAccessDenied as err:
        raise kind.refused(name, f"{called} denies it: {err}. Allow it.") from err
    except Exception as err:  # noqa: BLE001 - a secrets backend raises anything
        raise _failure(kind, name, called, err) from (None if isinstance(err, _UNREADABLE) else err)


def _failure(kind: _Kind, name: str, backend: str, err: Exception) -> HpoError:
    called = type(err).__name__
    if backend == "EnvironmentVariablesBackend":
        return kind.refused(name, f"its environment variable is not understood ({called}). Write a URI or JSON.")
    return kind.failed(name, f"{backend} raised {called}" + ("" if isinstance(err, _UNREADABLE) else f" ({err})"))


def _supervisor_has(kind: _Kind, name: str) -> bool:
    from airflow.sdk.execution_time.comms import GetVariableKeys

    error = _error(kind, name, kind.request(name))
    if error is None:
        return True
    if error.error is ErrorType.PERMISSION_DENIED and (error.detail or {}).get("status_code") != 401:
        raise kind.refused(name, f"its API server denies it: {_told(error)}. Allow it.")
    if error.error in _ABSENT:
        # An API server whose metadata database is away says that nothing is found; of lists of keys it does not.
        error = _error(kind, name, GetVariableKeys(prefix="hpo_", limit=1))
        if error is None:
            return False
    raise kind.failed(name, _told(error))


def _error(kind: _Kind, name: str, message: Any) -> ErrorResponse | None:
    """Send one message to the supervisor and return the error that it answers; None when it answers."""
    from airflow.sdk.execution_time import task_runner
    from airflow.sdk.execution_time.comms import ErrorResponse

    try:
        reply = task_runner.SUPERVISOR_COMMS.send(message)
    except AirflowRuntimeError as err:
        return err.error
    except Exception as err:  # a broken socket, an answer of another version
        raise kind.failed(name, f"the supervisor of the task gave no answer ({type(err).__name__}: {err})") from err
    return reply if isinstance(reply, ErrorResponse) else None


def _told(error: ErrorResponse) -> str:
    details = [f"{key}={value}" for key, value in (error.detail or {}).items() if value is not None]
    return " ".join([error.error.value, *details])
