import { Icon } from "../../ui/Icon";

export interface Consequence {
  readonly node?: string;
  readonly text: string;
  readonly grave: boolean;
}

/** What something would do, a line each; what is grave has another mark. */
export function Consequences({
  lines,
  icon = "check",
  testid,
}: {
  lines: readonly Consequence[];
  icon?: string;
  testid?: string;
}) {
  return (
    <ul className="flex flex-col gap-1" data-testid={testid}>
      {lines.map(({ node, text, grave }) => (
        <li key={`${node} ${text}`} className="flex items-start gap-1.5">
          <Icon
            name={grave ? "triangle-alert" : icon}
            size={14}
            className={grave ? "mt-0.5 shrink-0 text-warn" : "mt-0.5 shrink-0 text-muted"}
          />
          <span>
            {node ? <span className="font-mono text-xs">{node}</span> : null} {text}
          </span>
        </li>
      ))}
    </ul>
  );
}
