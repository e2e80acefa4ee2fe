// The list of parameter sets.
import { useTexts } from "../../texts";

export function ParameterSetsPage() {
  return <h1>{useTexts().common.parameterSets}</h1>;
}
