import type { Finding } from "../api/types";
import { Button } from "../ui/Button";
import { Coded } from "../ui/Coded";
import { cn } from "../ui/cn";
import { Icon } from "../ui/Icon";
import { Kbd } from "../ui/Kbd";
import { useForm } from "./context";

const ICONS = { error: "circle-x", warning: "triangle-alert", info: "info" } as const;
const TONES = { error: "text-err", warning: "text-warn", info: "text-muted" } as const;

/** What is wrong with a field, each with the button that repairs it. */
export function FieldFindings({ findings }: { findings: readonly Finding[] }) {
  const { applyFix, readOnly } = useForm();
  if (findings.length === 0) return null;
  return (
    <div className="mt-1.5 flex flex-col gap-1.5">
      {findings.map((finding, place) => {
        const { fix } = finding;
        return (
          <div key={`${finding.code}|${finding.what}`} data-testid="finding" data-code={finding.code}>
            <p className="flex gap-1.5 text-xs" role={finding.severity === "error" ? "alert" : undefined}>
              <Icon name={ICONS[finding.severity]} size={14} className={cn("mt-px", TONES[finding.severity])} />
              <span className="min-w-0 break-words">
                <span className={finding.severity === "error" ? "text-err" : undefined}>
                  <Coded text={sentence(finding.what)} />
                </span>{" "}
                <span className="text-muted">
                  <Coded text={finding.hint} />
                </span>
              </span>
            </p>
            {fix && !readOnly ? (
              <Button
                data-testid="fix"
                className="mt-1 w-full justify-start"
                icon={<Icon name="lightbulb" size={14} className="text-accent" />}
                onClick={() => applyFix(fix)}
              >
                <span className="min-w-0 flex-1 truncate text-left">{fix.title}</span>
                {place === 0 ? <Kbd keys="Alt+Enter" /> : null}
              </Button>
            ) : null}
          </div>
        );
      })}
    </div>
  );
}

/** A finding as a sentence: places that the field shows itself are left out. */
function sentence(what: string): string {
  const short = what.replace(/^[^:]*: at character \d+: |^at character \d+: /, "");
  return `${short.charAt(0).toUpperCase()}${short.slice(1)}${/[.?!]$/.test(short) ? "" : "."}`;
}
