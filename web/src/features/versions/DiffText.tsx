import { cn } from "../../ui/cn";

/** A unified difference with signs and tints. */
export function DiffText({ text, className }: { text: string; className?: string }) {
  return (
    <pre className={cn("overflow-auto rounded-lg border bg-surface py-1.5 font-mono text-xs leading-5", className)}>
      {text.split("\n").map((line, place) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: lines of one text never change places
          key={place}
          className={cn(
            "block px-3",
            line.startsWith("@@") && "text-muted",
            line.startsWith("+") && !line.startsWith("+++") && "bg-add",
            line.startsWith("-") && !line.startsWith("---") && "bg-del",
          )}
        >
          {line || " "}
        </span>
      ))}
    </pre>
  );
}
