import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { useStore } from "zustand";
import { useCan } from "../../api/session";
import { cn } from "../../ui/cn";
import { Icon } from "../../ui/Icon";
import { IconButton } from "../../ui/IconButton";
import { closeTab, openTab, tabs } from "./openTabs";
import { words } from "./words";

const intoView = (tab: HTMLElement | null) => tab?.scrollIntoView({ block: "nearest", inline: "nearest" });

/** The open pipelines as tabs. */
export function DocumentTabs({ name, title }: { name: string; title: string }) {
  const open = useStore(tabs, (state) => state.open);
  const navigate = useNavigate();
  const mayAdd = useCan("pipelines.create");
  useEffect(() => openTab({ name, title }), [name, title]);
  const close = (closed: string) => {
    const next = closeTab(closed);
    if (closed !== name) return;
    if (next) void navigate({ to: "/pipelines/$name", params: { name: next }, search: {} });
    else void navigate({ to: "/" });
  };
  return (
    <nav
      aria-label={words.tabs.label}
      className="flex h-11 min-w-0 items-stretch overflow-x-auto overflow-y-hidden [scrollbar-width:none]"
    >
      {open.map((tab) => (
        <span
          key={tab.name}
          ref={tab.name === name ? intoView : undefined}
          className={cn(
            "group flex min-w-24 max-w-60 items-center gap-1.5 border-transparent border-x px-3",
            tab.name === name ? "border-border bg-bg font-medium text-text" : "text-muted hover:text-text",
          )}
        >
          <Icon name="workflow" size={14} className="text-muted" />
          <Link
            to="/pipelines/$name"
            params={{ name: tab.name }}
            search={{}}
            aria-current={tab.name === name ? "page" : undefined}
            title={tab.title}
            className="min-w-0 flex-1 truncate"
          >
            {tab.title}
          </Link>
          <button
            type="button"
            aria-label={words.tabs.close(tab.title)}
            className={cn(
              "rounded-sm p-0.5 text-muted hover:bg-press hover:text-text",
              tab.name !== name && "opacity-0 focus-visible:opacity-100 group-hover:opacity-100",
            )}
            onClick={() => close(tab.name)}
          >
            <Icon name="x" size={12} />
          </button>
        </span>
      ))}
      {mayAdd ? (
        <IconButton
          label={words.tabs.add}
          className="mx-1 shrink-0 self-center"
          onClick={() => void navigate({ to: "/pipelines/$name", params: { name: "new" }, search: {} })}
        >
          <Icon name="plus" />
        </IconButton>
      ) : null}
    </nav>
  );
}
