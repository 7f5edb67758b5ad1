/** Rates, distances and outboxes of streams in words. */
import { count, seconds } from "../ui/format";

/** 9,597/s, 4.6/s. */
export function perSecond(rate: number): string {
  if (rate <= 0) return "0/s";
  if (rate < 0.1) return "< 0.1/s";
  const rounded = rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate);
  return `${Number.isInteger(rounded) ? count(rounded) : rounded.toFixed(1)}/s`;
}

/** 2.4 s, 1 min 5 s: how far something is behind. */
export function behind(value: number): string {
  return value < 10 ? `${value.toFixed(1)} s` : seconds(value);
}

/** So far beyond any clock that it only says that all input is over. */
const NEVER = 1e17;

/** Seconds from a watermark (microseconds) to now; null where there is none, or input is over. */
export function watermarkLag(micros: number | null | undefined, now: number = Date.now()): number | null {
  if (micros === null || micros === undefined || Math.abs(micros) > NEVER) return null;
  return Math.max(0, now / 1000 - micros / 1e6);
}

export type Pressure = "ok" | "warning" | "error";

/** How full an outbox is, and what that means: from 60 % a warning, from 85 % an error. */
export function pressure(bytes: number, limit: number | null): { share: number; tone: Pressure } {
  const share = limit && limit > 0 ? Math.min(1, bytes / limit) : 0;
  return { share, tone: share > 0.85 ? "error" : share > 0.6 ? "warning" : "ok" };
}

/** Milliseconds of work per second: 12 ms/s. */
export function busyText(share: number): string {
  if (share <= 0) return "0 ms/s";
  return share < 0.001 ? "< 1 ms/s" : `${count(Math.round(share * 1000))} ms/s`;
}

/** Seconds until an outbox is full at the speed at which it grows; null when it does not grow. */
export function fullIn(bytes: number, limit: number | null, growth: number | undefined): number | null {
  if (!limit || growth === undefined || growth <= 0) return null;
  return Math.max(0, (limit - bytes) / growth);
}
