import { cn } from "./cn";
import { Icon } from "./Icon";

/** How each state looks. */
export type Faces = Readonly<Record<string, readonly [icon: string, tone: string]>>;

interface StateProps {
  status: string;
  faces: Faces;
  words: Readonly<Record<string, string>>;
  className?: string;
}

/** A state as icon, colour and word. */
export function StateWord({ status, faces, words, className }: StateProps) {
  const [icon, tone] = faces[status] ?? ["circle", "text-muted"];
  return (
    <span data-status={status} className={cn("inline-flex items-center gap-1.5 font-medium", tone, className)}>
      <Icon name={icon} size={14} />
      {words[status] ?? status}
    </span>
  );
}
