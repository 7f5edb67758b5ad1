import { Link, useNavigate } from "@tanstack/react-router";
import { address, segment } from "../../api/http";
import { useCan } from "../../api/session";
import { LastRun } from "../../data/LastRun";
import { Badge } from "../../ui/Badge";
import { ago, count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { IconButton } from "../../ui/IconButton";
import { Menu, type MenuGroups } from "../../ui/Menu";
import { RunBars } from "../../ui/RunBars";
import { SortTh } from "../../ui/SortTh";
import { Table, Td, Th, Tr } from "../../ui/Table";
import type { PipelineRow, usePipelineActions } from "./usePipelines";
import { words } from "./words";

interface TableProps {
  items: readonly PipelineRow[];
  sort: string;
  onSort: (sort: string) => void;
  actions: ReturnType<typeof usePipelineActions>;
  onDelete: (row: PipelineRow) => void;
}

export function PipelineTable({ items, sort, onSort, actions, onDelete }: TableProps) {
  const heads = { sort, onSort };
  return (
    <div className="overflow-x-auto rounded-lg border bg-surface contrast:border-2">
      <Table>
        <thead>
          <tr>
            <SortTh id="title" {...heads}>
              {words.columns.title}
            </SortTh>
            <SortTh id="status" {...heads}>
              {words.columns.last}
            </SortTh>
            <Th right>{words.columns.rows}</Th>
            <Th>{words.columns.runs}</Th>
            <SortTh id="nodes" right {...heads}>
              {words.columns.nodes}
            </SortTh>
            <SortTh id="edited_at" right {...heads}>
              {words.columns.edited}
            </SortTh>
            <Th>
              <span className="sr-only">{words.menu("")}</span>
            </Th>
          </tr>
        </thead>
        <tbody>
          {items.map((row) => (
            <Row key={row.name} row={row} actions={actions} onDelete={onDelete} />
          ))}
        </tbody>
      </Table>
    </div>
  );
}

function Row({ row, actions, onDelete }: { row: PipelineRow } & Pick<TableProps, "actions" | "onDelete">) {
  const last = row.last_run;
  return (
    <Tr data-testid="pipeline-row" data-name={row.name}>
      <Td>
        <span className="flex items-center gap-2">
          <Icon name="workflow" size={14} className="text-muted" />
          <Link to="/pipelines/$name" params={{ name: row.name }} className="font-medium hover:underline">
            {row.title}
          </Link>
          {row.example ? <Badge>{words.example}</Badge> : null}
          {row.has_draft ? <Badge tone="stale">{words.draft}</Badge> : null}
          <span className="max-w-80 truncate text-muted text-xs">{row.description}</span>
        </span>
      </Td>
      <Td>
        <LastRun pipeline={row.name} last={last} />
      </Td>
      <Td right>{last?.rows ? count(last.rows) : ""}</Td>
      <Td>
        <RunBars runs={row.recent} />
      </Td>
      <Td right>{count(row.nodes)}</Td>
      <Td right className="text-muted">
        {ago(row.edited_at)}
      </Td>
      <Td className="w-8 pr-1.5">
        <Menu groups={useRowMenu(row, actions, onDelete)}>
          <IconButton label={words.menu(row.title)}>
            <Icon name="ellipsis" size={14} />
          </IconButton>
        </Menu>
      </Td>
    </Tr>
  );
}

/** What can be done with a row, by what the role may do. */
function useRowMenu(
  row: PipelineRow,
  actions: TableProps["actions"],
  onDelete: (row: PipelineRow) => void,
): MenuGroups {
  const navigate = useNavigate();
  const [mayRun, mayCreate, mayDelete] = [
    useCan("pipelines.execute"),
    useCan("pipelines.create"),
    useCan("pipelines.delete"),
  ];
  const open = () => void navigate({ to: "/pipelines/$name", params: { name: row.name } });
  const show = () => void navigate({ to: "/dashboards/$name", params: { name: row.name } });
  const save = () => window.location.assign(address(`/pipelines/${segment(row.name)}/export`));
  const charts = row.kinds.some((kind) => kind.startsWith("chart."));
  return [
    [
      { id: "open", label: words.open, icon: "arrow-right", onSelect: open },
      ...(mayRun ? [{ id: "run", label: words.run, icon: "play", onSelect: () => actions.run.mutate(row) }] : []),
      ...(charts ? [{ id: "dashboard", label: words.dashboard, icon: "layout-dashboard", onSelect: show }] : []),
    ],
    [
      ...(mayCreate
        ? [{ id: "clone", label: words.clone, icon: "copy", onSelect: () => actions.clone.mutate(row) }]
        : []),
      { id: "export", label: words.export, icon: "download", onSelect: save },
    ],
    mayDelete
      ? [{ id: "delete", label: words.delete, icon: "trash-2", danger: true, onSelect: () => onDelete(row) }]
      : [],
  ];
}
