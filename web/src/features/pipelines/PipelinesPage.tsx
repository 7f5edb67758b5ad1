import { Link, useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { useCan } from "../../api/session";
import { Button } from "../../ui/Button";
import { EmptyState } from "../../ui/EmptyState";
import { Icon } from "../../ui/Icon";
import { Input } from "../../ui/Input";
import { Segmented } from "../../ui/Segmented";
import { Skeleton } from "../../ui/Skeleton";
import { DeletePipeline } from "./DeletePipeline";
import { PipelineTable } from "./PipelineTable";
import { type PipelineRow, usePipelineActions, usePipelineList } from "./usePipelines";
import { words } from "./words";

/** What a filter asks for: states of runs, and of streams. */
const STATES = {
  all: "",
  success: "success,finished,drained",
  warning: "warning",
  failed: "failed,lost,blocked",
  running: "running,starting,paused",
  never: "never",
} as const;
type Shown = keyof typeof STATES;
const SHOWN = Object.keys(STATES) as Shown[];

/** All pipelines: searched as one types, filtered by how they last ran, sorted by any column. */
export function PipelinesPage() {
  const [search, setSearch] = useState("");
  const [shown, setShown] = useState<Shown>("all");
  const [sort, setSort] = useState("-edited_at");
  const [deleting, setDeleting] = useState<PipelineRow | null>(null);
  const list = usePipelineList({ search, status: STATES[shown], sort });
  const actions = usePipelineActions();
  const file = useRef<HTMLInputElement>(null);
  const navigate = useNavigate();
  const mayCreate = useCan("pipelines.create");
  const items = list.data?.items;
  const clear = () => {
    setSearch("");
    setShown("all");
  };
  return (
    <div className="flex h-full flex-col gap-3 overflow-auto p-5">
      <div className="flex flex-wrap items-center gap-2">
        <Input
          type="search"
          aria-label={words.search}
          placeholder={words.search}
          className="w-64"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <Segmented
          label={words.filters.label}
          value={shown}
          onChange={(next) => setShown(next as Shown)}
          segments={SHOWN.map((value) => ({ value, label: words.filters[value] }))}
        />
        <span className="flex-1" />
        {mayCreate ? (
          <>
            <Button icon={<Icon name="upload" size={14} />} onClick={() => file.current?.click()}>
              {words.import}
            </Button>
            <input
              ref={file}
              type="file"
              accept=".yaml,.yml"
              tabIndex={-1}
              aria-label={words.import}
              className="hidden"
              onChange={(event) => {
                const chosen = event.target.files?.[0];
                event.target.value = "";
                void chosen?.text().then((text) => actions.bring.mutate(text));
              }}
            />
            <Button
              look="primary"
              data-testid="new-pipeline"
              icon={<Icon name="plus" size={14} />}
              onClick={() => void navigate({ to: "/pipelines/$name", params: { name: "new" }, search: {} })}
            >
              {words.blank}
            </Button>
          </>
        ) : null}
      </div>
      {items === undefined ? <Skeleton className="h-64" /> : null}
      {items?.length ? (
        <PipelineTable items={items} sort={sort} onSort={setSort} actions={actions} onDelete={setDeleting} />
      ) : null}
      {items?.length === 0 && (search || shown !== "all") ? (
        <EmptyState
          icon="search"
          title={words.nothing.title}
          action={<Button onClick={clear}>{words.nothing.clear}</Button>}
        >
          {words.nothing.text(search)}
        </EmptyState>
      ) : null}
      {items?.length === 0 && !search && shown === "all" ? (
        <EmptyState
          icon="workflow"
          title={words.empty.title}
          action={
            <Link to="/" className="font-medium text-accent hover:underline">
              {words.empty.start}
            </Link>
          }
        >
          {words.empty.text}
        </EmptyState>
      ) : null}
      <DeletePipeline
        row={deleting}
        onClose={() => setDeleting(null)}
        onConfirm={(row) => {
          setDeleting(null);
          actions.remove.mutate(row);
        }}
      />
    </div>
  );
}
