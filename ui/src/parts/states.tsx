// What stands in the place of data: loading, nothing there, an error, a database that is away or being upgraded.
import type { ReactNode } from "react";
import type { ApiError } from "../api/client";
import type { Me } from "../api/types";
import type { Loaded } from "../api/use";
import { useFormats } from "../texts/formats";
import { useTexts, type Language } from "../texts";

/** A message with what to do about it. */
export function Note({ title, children, alert = false }: { title: string; children?: ReactNode; alert?: boolean }) {
  return (
    <div className="hpo-note" role={alert ? "alert" : "status"}>
      <strong>{title}</strong>
      {children}
    </div>
  );
}

export function Loading() {
  return (
    <p className="hpo-loading" role="status">
      {useTexts().common.loading}
    </p>
  );
}

function titleOf(error: ApiError, texts: Language): string {
  if (error.status === 403) return texts.trouble.forbidden;
  if (error.status === 404) return texts.trouble.notFound;
  return texts.trouble.server;
}

export function Failure({ error, retry }: { error: ApiError; retry: () => void }) {
  const texts = useTexts();
  return (
    <Note title={titleOf(error, texts)} alert>
      <p>{error.message}</p>
      {error.status === 404 ? <p>{texts.trouble.notFoundHelp}</p> : null}
      <button type="button" onClick={retry}>
        {texts.common.retry}
      </button>
    </Note>
  );
}

/** The study database, where it cannot be read; null where it can. */
export function DatabaseNote({ database }: { database: Me["database"] }) {
  const texts = useTexts().trouble;
  if (database.state === "ok") return null;
  return (
    <Note title={texts[database.state]} alert>
      {database.message === null ? null : <p>{database.message}</p>}
      <p>{texts[`${database.state}Help`]}</p>
    </Note>
  );
}

/** What was loaded, or what stands in its place. Data that is there stays when a later look fails, with a line that says so. */
export function Show<T>({ loaded, children }: { loaded: Loaded<T>; children: (data: T) => ReactNode }) {
  const texts = useTexts().trouble;
  const formats = useFormats();
  const { data, error } = loaded;
  if (data === undefined) return error === null ? <Loading /> : <Failure error={error} retry={() => void loaded.refresh()} />;
  return (
    <>
      {error === null ? null : (
        <p className="hpo-stale" role="status">
          {texts.stale(formats.time(loaded.checked / 1000))} {error.message}
        </p>
      )}
      {children(data)}
    </>
  );
}
