/** A node that runs another pipeline leads to that pipeline. */
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { http } from "../../api/http";
import { configOf, kindOf } from "../../document/graph";
import type { Action } from "../../editor/actions";
import type { Editor } from "../../editor/editor";
import { toast } from "../../ui/Toast";
import { words } from "./words";

interface Listed {
  readonly items: readonly { readonly name: string; readonly path: string }[];
}

/** The place of a file in the project, as a pipeline at a path names it; null where it leads out of the project. */
export function placeOf(pipeline: string, file: string): string | null {
  const parts = pipeline.split("/").slice(0, -1);
  for (const part of file.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.join("/");
}

/** The file that the one selected node runs; null for nodes of another kind. */
function fileOf(editor: Editor): string | null {
  const { document, selection } = editor.store.getState();
  const [node] = selection.nodes;
  if (node === undefined || selection.nodes.size > 1 || kindOf(document, node) !== "pipeline.run") return null;
  const { file } = configOf(document, node);
  return typeof file === "string" ? file : "";
}

/** The action that opens the pipeline of the selected node in a tab of its own. */
export function useOpenPipeline(): Action {
  const navigate = useNavigate();
  const queries = useQueryClient();
  return useMemo(
    (): Action => ({
      id: "open-pipeline",
      label: words.actions.openPipeline,
      group: words.actions.group,
      icon: "workflow",
      keys: ["Mod+Enter"],
      scope: "canvas",
      enabled: (editor) => fileOf(editor) !== null,
      run: async (editor) => {
        const file = fileOf(editor) ?? "";
        try {
          const { items } = await queries.fetchQuery({
            queryKey: ["pipelines", "paths"],
            queryFn: ({ signal }) => http.get<Listed>("/pipelines", { query: { limit: 500 }, signal }),
          });
          const own = items.find(({ name }) => name === editor.name)?.path ?? "";
          const place = placeOf(own, file);
          const found = items.find(({ path }) => path === place);
          if (found) await navigate({ to: "/pipelines/$name", params: { name: found.name }, search: {} });
          else toast({ tone: "warning", title: file ? words.noPipeline(file) : words.noPipelineYet });
        } catch (error) {
          toast({ tone: "error", title: words.actions.openPipeline, detail: String(error) });
        }
      },
    }),
    [navigate, queries],
  );
}
