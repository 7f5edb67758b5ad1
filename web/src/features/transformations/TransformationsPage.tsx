import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useCan } from "../../api/session";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { EmptyState } from "../../ui/EmptyState";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { IconButton } from "../../ui/IconButton";
import { Input } from "../../ui/Input";
import { Menu } from "../../ui/Menu";
import { Skeleton } from "../../ui/Skeleton";
import { Table, Td, Th, Tr } from "../../ui/Table";
import { CreateDialog } from "./CreateDialog";
import { TestDialog } from "./TestDialog";
import { type Transformation, useTransformationActions, useTransformationList } from "./useTransformations";
import { words } from "./words";

/** Saved parts of pipelines: their type and state, who uses them, and a test with pasted rows. */
export function TransformationsPage() {
  const [search, setSearch] = useState("");
  const [testing, setTesting] = useState<Transformation | null>(null);
  const [creating, setCreating] = useState(false);
  const list = useTransformationList(search);
  const mayCreate = useCan("transformations.create");
  const items = list.data?.items;
  const create = mayCreate ? (
    <Button look="primary" icon={<Icon name="plus" size={14} />} onClick={() => setCreating(true)}>
      {words.create}
    </Button>
  ) : null;
  return (
    <div className="flex h-full flex-col gap-3 overflow-auto p-5">
      <div className="flex items-center gap-2">
        <Input
          type="search"
          aria-label={words.search}
          placeholder={words.search}
          className="w-64"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <span className="flex-1" />
        {create}
      </div>
      {items === undefined ? <Skeleton className="h-40" /> : null}
      {items?.length === 0 ? (
        <EmptyState icon="puzzle" title={words.empty.title}>
          {words.empty.text}
        </EmptyState>
      ) : null}
      {items?.length ? (
        <div className="overflow-x-auto rounded-lg border bg-surface contrast:border-2">
          <Table>
            <thead>
              <tr>
                <Th>{words.columns.name}</Th>
                <Th>{words.columns.type}</Th>
                <Th>{words.columns.state}</Th>
                <Th>{words.columns.ports}</Th>
                <Th>{words.columns.used}</Th>
                <Th right>{words.columns.rows}</Th>
                <Th>
                  <span className="sr-only">{words.menu("")}</span>
                </Th>
              </tr>
            </thead>
            <tbody>
              {items.map((item) => (
                <Row key={item.name} item={item} onTest={setTesting} />
              ))}
            </tbody>
          </Table>
        </div>
      ) : null}
      {testing ? <TestDialog item={testing} onClose={() => setTesting(null)} /> : null}
      <CreateDialog open={creating} onClose={() => setCreating(false)} />
    </div>
  );
}

function Row({ item, onTest }: { item: Transformation; onTest: (item: Transformation) => void }) {
  const actions = useTransformationActions();
  const navigate = useNavigate();
  const [mayEdit, mayCreate, mayDelete] = [
    useCan("transformations.edit"),
    useCan("transformations.create"),
    useCan("transformations.delete"),
  ];
  const edit = () => void navigate({ to: "/pipelines/$name", params: { name: item.name } });
  const toggle = () => actions.change.mutate({ name: item.name, active: !item.active });
  return (
    <Tr data-testid="transformation-row" data-name={item.name}>
      <Td>
        <Link to="/pipelines/$name" params={{ name: item.name }} className="font-medium hover:underline">
          {item.title}
        </Link>{" "}
        <span className="text-muted text-xs">{item.description}</span>
      </Td>
      <Td>
        <Badge>{item.type}</Badge>
      </Td>
      <Td>
        <Badge tone={item.active ? "ok" : "neutral"}>{item.active ? words.active : words.inactive}</Badge>
      </Td>
      <Td className="text-muted text-xs">
        {item.inputs.join(", ")} → {item.outputs.join(", ")}
      </Td>
      <Td>{item.used_by.map((use) => use.title).join(", ") || <span className="text-muted">{words.nobody}</span>}</Td>
      <Td right>{item.last_run?.rows ? count(item.last_run.rows) : ""}</Td>
      <Td className="w-40 pr-1.5">
        <span className="flex justify-end gap-1">
          <Button onClick={() => onTest(item)}>{words.test}</Button>
          <Menu
            groups={[
              [
                { id: "edit", label: words.edit, icon: "workflow", onSelect: edit },
                ...(mayEdit
                  ? [
                      {
                        id: "toggle",
                        label: item.active ? words.deactivate : words.activate,
                        icon: item.active ? "ban" : "check",
                        onSelect: toggle,
                      },
                    ]
                  : []),
                ...(mayCreate
                  ? [{ id: "clone", label: words.clone, icon: "copy", onSelect: () => actions.clone.mutate(item.name) }]
                  : []),
              ],
              mayDelete
                ? [
                    {
                      id: "delete",
                      label: words.delete,
                      icon: "trash-2",
                      danger: true,
                      onSelect: () => actions.remove.mutate(item.name),
                    },
                  ]
                : [],
            ]}
          >
            <IconButton label={words.menu(item.title)}>
              <Icon name="ellipsis" size={14} />
            </IconButton>
          </Menu>
        </span>
      </Td>
    </Tr>
  );
}
