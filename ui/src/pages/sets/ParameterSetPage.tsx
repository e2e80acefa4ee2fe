// One parameter set: what production uses and used.
import type { Me } from "../../api/types";

export function ParameterSetPage({ name, me }: { name: string; me: Me }) {
  return <h1 data-user={me.user}>{name}</h1>;
}
