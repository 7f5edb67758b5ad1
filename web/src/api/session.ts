/** Who is here, and what they may do. */
import { useQuery } from "@tanstack/react-query";
import { http, Problem, setCsrf } from "./http";

export interface User {
  id: string;
  username: string;
  first_name: string | null;
  last_name: string | null;
  email: string | null;
  role: string;
  timezone: string | null;
  preferences: Readonly<Record<string, unknown>>;
}

export interface Session {
  user: User;
  permissions: readonly string[];
  csrf: string;
  mode: "local" | "users";
  /** For a permission that is missing: the roles that have it. */
  roles_that?: Readonly<Record<string, readonly string[]>>;
  /** Names of some who can give a role. */
  admins?: readonly string[];
}

let wayIn: Session["mode"] = "local";

/** How one comes in where there is no session: by the printed link, or with a name and a password. */
export const modeOfEntry = (): Session["mode"] => wayIn;

/** Fetch the session; null without one. */
export async function fetchSession(): Promise<Session | null> {
  try {
    const session = await http.get<Session>("/auth/session");
    setCsrf(session.csrf);
    return session;
  } catch (error) {
    if (error instanceof Problem && error.status === 401) {
      wayIn = (error.body as { mode?: string } | null)?.mode === "users" ? "users" : "local";
      return null;
    }
    throw error;
  }
}

export const sessionKey = ["session"] as const;

/** The session of this page; null when signed out, undefined while loading. */
export function useSession(): Session | null | undefined {
  return useQuery({ queryKey: sessionKey, queryFn: fetchSession, staleTime: 60_000 }).data;
}

/** Tell whether the user may do something, by the dotted name of the permission. */
export function useCan(permission: string): boolean {
  return useSession()?.permissions.includes(permission) ?? false;
}
