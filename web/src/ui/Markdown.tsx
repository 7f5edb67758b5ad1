import { Fragment, memo, type ReactNode } from "react";
import { cn } from "./cn";

/** A little Markdown, as elements and never as HTML: headings, lists, emphasis, code, links to http(s). */
export const Markdown = memo(function Markdown({ text, className }: { text: string; className?: string }) {
  return <div className={cn("flex flex-col gap-1.5", className)}>{blocks(text)}</div>;
});

/** Parts of one text never change places. */
const keyOf = (place: number) => `part-${place}`;

function blocks(text: string): ReactNode[] {
  return text
    .split(/\n{2,}/)
    .filter((block) => block.trim() !== "")
    .map((block, place) => <Fragment key={keyOf(place)}>{blockOf(block)}</Fragment>);
}

function blockOf(block: string): ReactNode {
  const lines = block.split("\n");
  const heading = /^(#{1,4})\s+(.*)$/.exec(block);
  if (heading && lines.length === 1) return <p className="font-semibold">{inline(heading[2] ?? "")}</p>;
  if (lines.every((line) => /^\s*[-*]\s+/.test(line))) {
    return (
      <ul className="list-disc pl-4">
        {lines.map((line) => (
          <li key={line}>{inline(line.replace(/^\s*[-*]\s+/, ""))}</li>
        ))}
      </ul>
    );
  }
  if (/^```/.test(block)) return <pre className="overflow-auto text-xs">{block.replace(/^```\w*\n?|```$/g, "")}</pre>;
  return (
    <p className="whitespace-pre-wrap">
      {lines.map((line, place) => (
        <Fragment key={keyOf(place)}>
          {place > 0 ? "\n" : ""}
          {inline(line.replace(/^#{1,4}\s+/, ""))}
        </Fragment>
      ))}
    </p>
  );
}

const PARTS = /(`[^`]+`|\*\*[^*]+\*\*|\*[^*]+\*|\[[^\]]+\]\(https?:\/\/[^\s)]+\))/g;

function inline(text: string): ReactNode[] {
  return text.split(PARTS).map((part, place) => {
    const key = keyOf(place);
    if (part.startsWith("`") && part.length > 2) return <code key={key}>{part.slice(1, -1)}</code>;
    if (part.startsWith("**") && part.length > 4) return <strong key={key}>{part.slice(2, -2)}</strong>;
    if (part.startsWith("*") && part.length > 2) return <em key={key}>{part.slice(1, -1)}</em>;
    const link = /^\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)$/.exec(part);
    if (!link) return part;
    return (
      <a key={key} href={link[2]} target="_blank" rel="noreferrer noopener" className="text-accent underline">
        {link[1]}
      </a>
    );
  });
}
