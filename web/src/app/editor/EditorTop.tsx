import { useState } from "react";
import { address, segment } from "../../api/http";
import { useCan } from "../../api/session";
import { entry } from "../../document/json";
import { useEditor, useEditorState, useEditorView, useIsStream } from "../../editor/react";
import { StreamBadge, StreamControl } from "../../features/streams/StreamControl";
import { ConflictDialog } from "../../features/versions/ConflictDialog";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { IconButton } from "../../ui/IconButton";
import { Kbd } from "../../ui/Kbd";
import { Menu } from "../../ui/Menu";
import { TopSearch } from "../TopSearch";
import { DocumentTabs } from "./DocumentTabs";
import { saveVersion, startRun } from "./editorActions";
import { ShareDialog } from "./panels";
import { SavedMark } from "./SavedMark";
import { words } from "./words";

/** The top bar of the editor. */
export function EditorTop() {
  const editor = useEditor();
  const title = useEditorState((state) => {
    const given = entry(state.document, "title");
    return typeof given === "string" && given ? given : state.name;
  });
  const [conflict, setConflict] = useState(false);
  const isStream = useIsStream();
  return (
    <div data-region="top" className="flex min-w-0 flex-1 items-center">
      <DocumentTabs name={editor.name} title={title} />
      <SavedMark onConflict={() => setConflict(true)} />
      {isStream ? <StreamBadge /> : null}
      <ConflictDialog open={conflict} onOpenChange={setConflict} />
      <span className="flex-1" />
      <UndoRedo />
      <TopSearch />
      <More />
      <Share />
      {isStream ? <StreamControl /> : <Run />}
    </div>
  );
}

function UndoRedo() {
  const editor = useEditor();
  const undo = useEditorState((state) => state.history.done.at(-1)?.label ?? null);
  const redo = useEditorState((state) => state.history.undone.at(-1)?.label ?? null);
  const readOnly = useEditorState((state) => state.readOnly);
  if (readOnly) return null;
  return (
    <span className="mr-2 flex">
      <IconButton label={words.undo(undo ?? "")} keys="Mod+Z" disabled={undo === null} onClick={() => editor.undo()}>
        <Icon name="undo-2" />
      </IconButton>
      <IconButton
        label={words.redo(redo ?? "")}
        keys="Mod+Shift+Z"
        disabled={redo === null}
        onClick={() => editor.redo()}
      >
        <Icon name="redo-2" />
      </IconButton>
    </span>
  );
}

function More() {
  const editor = useEditor();
  const readOnly = useEditorState((state) => state.readOnly);
  const download = () => {
    const link = document.createElement("a");
    link.href = address(`/pipelines/${segment(editor.name)}/export`);
    link.download = `${editor.name}.runnel.yaml`;
    link.click();
  };
  return (
    <Menu
      groups={[
        [
          {
            id: "run-options",
            label: words.actions.runOptions,
            icon: "sliders-horizontal",
            disabled: readOnly,
            onSelect: () => editor.view.setState({ overlay: "run" }),
          },
          {
            id: "trial",
            label: words.actions.trial,
            icon: "test-tube",
            keys: "Mod+Shift+Enter",
            disabled: editor.past !== null,
            onSelect: () => editor.view.setState({ overlay: "trial" }),
          },
          {
            id: "save",
            label: words.saveVersion,
            icon: "save",
            keys: "Mod+S",
            disabled: readOnly,
            onSelect: () => void saveVersion(editor),
          },
          {
            id: "versions",
            label: words.versions,
            icon: "history",
            onSelect: () => editor.view.setState({ overlay: "versions" }),
          },
          { id: "export", label: words.export, icon: "download", onSelect: download },
        ],
      ]}
    >
      <Button look="ghost" aria-label={words.more} className="mr-1 w-7 px-0">
        <Icon name="ellipsis" />
      </Button>
    </Menu>
  );
}

function Share() {
  const editor = useEditor();
  const open = useEditorView((view) => view.overlay === "share");
  const may = useCan("shares.create");
  if (!may || editor.past) return null;
  return (
    <>
      <Button className="mr-1.5" data-testid="share" onClick={() => editor.view.setState({ overlay: "share" })}>
        {words.share}
      </Button>
      <ShareDialog open={open} onClose={() => editor.view.setState({ overlay: null })} />
    </>
  );
}

function Run() {
  const editor = useEditor();
  const may = useCan("pipelines.execute");
  const status = useEditorState((state) => state.run?.status ?? null);
  const [stopping, setStopping] = useState<string | null>(null);
  const runId = useEditorState((state) => state.run?.id || null);
  if (!may || editor.past) return null;
  if (status === "running" || status === "pending") {
    return (
      <Button
        data-testid="run"
        data-state="running"
        icon={<Icon name="square" size={12} />}
        disabled={!runId || stopping === runId}
        onClick={() => {
          setStopping(runId);
          void editor.cancel();
        }}
      >
        {runId && stopping === runId ? words.stopping : words.stop}
      </Button>
    );
  }
  return (
    <Button
      look="primary"
      data-testid="run"
      data-state="ready"
      icon={<Icon name="play" size={14} />}
      onClick={() => startRun(editor)}
    >
      {words.run}
      <Kbd keys="Mod+Enter" className="border-current bg-transparent text-current opacity-95 contrast:opacity-100" />
    </Button>
  );
}
