import openapiTS, { astToString, COMMENT_HEADER } from "openapi-typescript";
import { expect, it } from "vitest";
import openapi from "../../airflow_hpo/pages/openapi.json?raw";
import types from "../src/api/schema.ts?raw";

it("the types of the API are those of its description; write them with npm run schema", async () => {
  expect(types).toBe(COMMENT_HEADER + astToString(await openapiTS(openapi)));
});
