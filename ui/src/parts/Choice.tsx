// Which axes a chart shows, or which columns a table.
interface Props {
  all: readonly string[];
  shown: readonly string[];
  label: (name: string) => string;
  choose: (names: string[]) => void;
  title: string;
}

export function Choice({ all, shown, label, choose, title }: Props) {
  return (
    <details className="hpo-choice">
      <summary>{title}</summary>
      <fieldset>
        <legend className="hpo-hidden">{title}</legend>
        {all.map((name) => (
          <label key={name}>
            <input
              type="checkbox"
              checked={shown.includes(name)}
              onChange={(event) => choose(all.filter((one) => (one === name ? event.target.checked : shown.includes(one))))}
            />
            {label(name)}
          </label>
        ))}
      </fieldset>
    </details>
  );
}
