import { Link } from "@tanstack/react-router";
import { useCan } from "../../api/session";
import type { Connection } from "../../form/connection/connections";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { ago } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { IconButton } from "../../ui/IconButton";
import { Menu } from "../../ui/Menu";
import { Td, Tr } from "../../ui/Table";
import { words } from "./words";

/** One connection: what it is, where it leads, who uses it, how its last test went. */
export function ConnectionRow({
  item,
  onTest,
  onEdit,
  onDelete,
}: {
  item: Connection;
  onTest: (item: Connection) => void;
  onEdit: (item: Connection) => void;
  onDelete: (item: Connection) => void;
}) {
  const [mayTest, mayEdit, mayDelete] = [
    useCan("connections.test"),
    useCan("connections.edit"),
    useCan("connections.delete"),
  ];
  const edit = mayEdit && item.installed ? () => onEdit(item) : undefined;
  return (
    <Tr data-testid="connection-row" data-name={item.name} onOpen={edit}>
      <Td>
        <span className="flex items-center gap-2">
          <Icon name={item.icon} size={16} className="text-muted" />
          {edit ? (
            <button type="button" className="font-medium hover:underline" onClick={edit}>
              {item.name}
            </button>
          ) : (
            <span className="font-medium">{item.name}</span>
          )}
        </span>
      </Td>
      <Td className="hidden sm:table-cell">{item.title}</Td>
      <Td className="max-w-40 truncate font-mono text-xs sm:max-w-80" title={item.place}>
        {item.installed ? item.place : words.notInstalled}
      </Td>
      <Td className="hidden sm:table-cell">
        <Uses item={item} />
      </Td>
      <Td>
        <Last item={item} />
      </Td>
      <Td className="w-32 pr-1.5">
        <span className="flex justify-end gap-1">
          {mayTest && item.installed ? <Button onClick={() => onTest(item)}>{words.test}</Button> : null}
          {edit || mayDelete ? (
            <Menu
              groups={[
                edit ? [{ id: "edit", label: words.edit, icon: "pencil", onSelect: edit }] : [],
                mayDelete
                  ? [
                      {
                        id: "delete",
                        label: words.delete,
                        icon: "trash-2",
                        danger: true,
                        onSelect: () => onDelete(item),
                      },
                    ]
                  : [],
              ]}
            >
              <IconButton label={words.menu(item.name)}>
                <Icon name="ellipsis" size={14} />
              </IconButton>
            </Menu>
          ) : null}
        </span>
      </Td>
    </Tr>
  );
}

function Uses({ item }: { item: Connection }) {
  const pipelines = new Map(item.used_by.map((use) => [use.pipeline, use.title]));
  if (pipelines.size === 0) return <span className="text-muted">{words.nobody}</span>;
  return (
    <span className="flex gap-2">
      {[...pipelines].map(([name, title]) => (
        <Link key={name} to="/pipelines/$name" params={{ name }} className="hover:underline">
          {title}
        </Link>
      ))}
    </span>
  );
}

function Last({ item }: { item: Connection }) {
  if (!item.test || !item.tested_at) return <span className="text-muted">{words.untested}</span>;
  const { ok } = item.test;
  return (
    <span className="flex items-center gap-2">
      <Badge tone={ok ? "ok" : "error"} icon={<Icon name={ok ? "check" : "circle-x"} size={12} />}>
        {ok ? words.works : words.broken}
      </Badge>
      <span className="text-muted text-xs">{ago(item.tested_at)}</span>
    </span>
  );
}
