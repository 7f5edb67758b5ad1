import { memo } from "react";

export interface PortShapeProps {
  type: string;
  /** Nothing is connected: drawn hollow. */
  hollow?: boolean;
  stream?: boolean;
  error?: boolean;
  size?: number;
}

const COLOURS: Readonly<Record<string, string>> = {
  TABLE: "var(--p-table)",
  STREAM: "var(--p-stream)",
  DB_TABLE: "var(--p-db)",
  S3_FILE: "var(--p-file)",
  ML_MODEL: "var(--p-ml)",
  CHART: "var(--p-chart)",
  VALUE: "var(--p-value)",
  TRIGGER: "var(--p-trigger)",
};

export function portColour(type: string): string {
  return COLOURS[type] ?? "var(--p-value)";
}

/** A port's shape: the type is told by form as well as by colour. */
export const PortShape = memo(function PortShape({ type, hollow, stream, error, size = 12 }: PortShapeProps) {
  const colour = error ? "var(--err)" : stream ? "var(--p-stream)" : portColour(type);
  return (
    <svg width={size} height={size} viewBox="-8 -8 16 16" aria-hidden="true" className="port-shape">
      {shape(error ? "ERROR" : stream ? "STREAM" : type, colour, hollow ?? false)}
    </svg>
  );
});

function shape(type: string, colour: string, hollow: boolean) {
  const fill = hollow ? "var(--surface)" : colour;
  const line = { fill, stroke: hollow ? colour : "var(--surface)", strokeWidth: hollow ? 2 : 2.4 };
  switch (type) {
    case "STREAM":
      return <path d="M-5-6 L6 0 L-5 6 L-2 0Z" {...line} strokeLinejoin="round" />;
    case "DB_TABLE":
      return (
        <>
          <circle r="5.6" fill="var(--surface)" stroke={colour} strokeWidth="2.2" />
          <circle r="1.9" fill={colour} />
        </>
      );
    case "S3_FILE":
      return <rect x="-5.5" y="-5.5" width="11" height="11" rx="2.8" {...line} />;
    case "ML_MODEL":
      return <path d="M0-7.2 L7.2 0 L0 7.2 L-7.2 0Z" {...line} />;
    case "CHART":
      return <path d="M-5.8-5.8 H2.4 L5.8-2.4 V5.8 H-5.8Z" {...line} />;
    case "VALUE":
      return <circle r="4.2" fill="var(--surface)" stroke={colour} strokeWidth="1.8" />;
    case "TRIGGER":
      return <path d="M-4.6-5.6 L5.8 0 L-4.6 5.6Z" {...line} strokeLinejoin="round" />;
    case "ERROR":
      return (
        <path
          d="M-4.6-5.6 L5.8 0 L-4.6 5.6Z"
          fill="var(--surface)"
          stroke={colour}
          strokeWidth="2"
          strokeLinejoin="round"
        />
      );
    default:
      return <circle r={hollow ? 5.6 : 6.4} {...line} />;
  }
}
