/** The open pipeline for React: narrow subscriptions, so that only what changed is drawn anew. */
import { createContext, type ReactNode, useContext } from "react";
import { useStore } from "zustand";
import { useShallow } from "zustand/react/shallow";
import { isStream } from "../document/streaming";
import type { Editor } from "./editor";
import type { EditorState } from "./state";
import type { StreamState } from "./streaming";
import type { EditorView } from "./view";

const Context = createContext<Editor | null>(null);

export function EditorProvider({ editor, children }: { editor: Editor; children: ReactNode }) {
  return <Context.Provider value={editor}>{children}</Context.Provider>;
}

/** The open pipeline. */
export function useEditor(): Editor {
  const editor = useContext(Context);
  if (!editor) throw new Error("no pipeline is open here");
  return editor;
}

/**
 * A part of what is known of the pipeline. What the selector returns is compared by its parts, so that a new array or
 * object of kept parts draws nothing anew.
 */
export function useEditorState<T>(selector: (state: EditorState) => T): T {
  return useStore(useEditor().store, useShallow(selector));
}

/** A part of what is open around the document. */
export function useEditorView<T>(selector: (view: EditorView) => T): T {
  return useStore(useEditor().view, selector);
}

/** A part of what is known of the stream; compared by its parts, as the document's. */
export function useStream<T>(selector: (state: StreamState) => T): T {
  return useStore(useEditor().streaming.store, useShallow(selector));
}

/** Tell whether the open pipeline is a stream. */
export function useIsStream(): boolean {
  return useEditorState((state) => isStream(state.scene));
}

/** The one selected node, if exactly one is selected. */
export function useSelectedNode(): string | null {
  return useEditorState((state) => (state.selection.nodes.size === 1 ? ([...state.selection.nodes][0] ?? null) : null));
}
