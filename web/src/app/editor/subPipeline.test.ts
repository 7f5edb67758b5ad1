import { expect, test } from "vitest";
import { placeOf } from "./subPipeline";

test("a file is named as seen from the pipeline that runs it", () => {
  expect(placeOf("pipelines/main.runnel.yaml", "inner.runnel.yaml")).toBe("pipelines/inner.runnel.yaml");
  expect(placeOf("pipelines/main.runnel.yaml", "../shared/./inner.yaml")).toBe("shared/inner.yaml");
  expect(placeOf("main.yaml", "deep/inner.yaml")).toBe("deep/inner.yaml");
  expect(placeOf("main.yaml", "../outside.yaml")).toBeNull();
});
