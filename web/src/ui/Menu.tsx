import { DropdownMenu as Radix, ContextMenu as RadixContext } from "radix-ui";
import { Fragment, type ReactNode } from "react";
import { cn } from "./cn";
import { Icon } from "./Icon";
import { Kbd } from "./Kbd";

export interface MenuItem {
  id: string;
  label: string;
  icon?: string;
  keys?: string;
  danger?: boolean;
  disabled?: boolean;
  checked?: boolean;
  onSelect: () => void;
}

/** Items in groups; a line stands between groups. */
export type MenuGroups = readonly (readonly MenuItem[])[];

const panel =
  "z-50 min-w-52 rounded-xl bg-raised p-1 shadow-menu outline-none max-h-[var(--radix-popper-available-height)] overflow-auto";
const row =
  "flex h-8 items-center gap-2.5 rounded-md px-2 outline-none select-none data-[highlighted]:bg-accent-soft data-[disabled]:opacity-45 contrast:data-[highlighted]:outline-2 contrast:data-[highlighted]:outline-accent contrast:data-[highlighted]:-outline-offset-2";

function Face({ item }: { item: MenuItem }) {
  return (
    <>
      <Icon
        name={item.checked ? "check" : (item.icon ?? "none")}
        size={14}
        className={item.danger ? undefined : "text-muted"}
      />
      <span className="flex-1 pr-4">{item.label}</span>
      {item.keys ? <Kbd keys={item.keys} /> : null}
    </>
  );
}

interface Parts {
  Item: typeof Radix.Item | typeof RadixContext.Item;
  Separator: typeof Radix.Separator | typeof RadixContext.Separator;
}

function Groups({ groups, parts: { Item, Separator } }: { groups: MenuGroups; parts: Parts }) {
  const filled = groups.filter((group) => group.length > 0);
  return filled.map((group, place) => (
    <Fragment key={group[0]?.id}>
      {place > 0 ? <Separator className="-mx-1 my-1 h-px bg-border" /> : null}
      {group.map((item) => (
        <Item
          key={item.id}
          disabled={item.disabled}
          onSelect={item.onSelect}
          data-item={item.id}
          className={cn(row, item.danger && "text-err")}
        >
          <Face item={item} />
        </Item>
      ))}
    </Fragment>
  ));
}

/** A menu under a button. */
export function Menu({
  groups,
  children,
  align = "end",
  className,
}: {
  groups: MenuGroups;
  children: ReactNode;
  align?: "start" | "end";
  className?: string;
}) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content align={align} sideOffset={4} collisionPadding={8} className={cn(panel, className)}>
          <Groups groups={groups} parts={Radix} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** A menu at the pointer, on the right button. */
export function ContextMenu({
  groups,
  children,
  className,
}: {
  groups: () => MenuGroups;
  children: ReactNode;
  className?: string;
}) {
  return (
    <RadixContext.Root modal={false}>
      <RadixContext.Trigger asChild>{children}</RadixContext.Trigger>
      <RadixContext.Portal>
        <RadixContext.Content collisionPadding={8} className={cn(panel, className)}>
          <LazyGroups groups={groups} />
        </RadixContext.Content>
      </RadixContext.Portal>
    </RadixContext.Root>
  );
}

function LazyGroups({ groups }: { groups: () => MenuGroups }) {
  return <Groups groups={groups()} parts={RadixContext} />;
}
