// Keeps a failure of ours inside our page: without it, Airflow would replace the whole screen by its error page.
import { Component, type ReactNode } from "react";
import { textsOf } from "../texts";

interface Props {
  children: ReactNode;
  /** A change of it is a new try, for example another study. */
  resetOn?: string;
}

interface State {
  error: Error | null;
  on: string | undefined;
}

export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null, on: this.props.resetOn };

  static getDerivedStateFromError(error: Error): Partial<State> {
    return { error };
  }

  static getDerivedStateFromProps(props: Props, state: State): Partial<State> | null {
    return props.resetOn === state.on ? null : { error: null, on: props.resetOn };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    const texts = textsOf(document.documentElement.lang);
    return (
      <div className="hpo hpo-note" role="alert">
        <strong>{texts.trouble.title}</strong>
        <p>{texts.trouble.broken}</p>
        <pre>{error.stack ?? error.message}</pre>
        <button type="button" onClick={() => this.setState({ error: null })}>
          {texts.common.retry}
        </button>
      </div>
    );
  }
}
