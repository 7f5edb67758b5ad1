import { titleOf } from "../../document/graph";
import { useEditorState } from "../../editor/react";

/** The title of a node. */
export const useTitle = (node: string): string => useEditorState((state) => titleOf(state.document, node));
