import { useQuery } from "@tanstack/react-query";
import { Outlet, useLocation } from "@tanstack/react-router";
import { fetchSession, sessionKey } from "../api/session";
import { EmptyState } from "../ui/EmptyState";
import { AppPalette } from "./AppPalette";
import { SignedOut } from "./SignedOut";
import { words } from "./words";

const isPublic = (path: string) => path.startsWith("/share/") || path === "/setup";

/** Every page but those of shared links stands behind the session: without one there is the way in. */
export function Root() {
  const path = useLocation({ select: (location) => location.pathname });
  return isPublic(path) ? <Outlet /> : <Guarded />;
}

function Guarded() {
  const {
    data: session,
    isPending,
    isError,
  } = useQuery({
    queryKey: sessionKey,
    queryFn: fetchSession,
    staleTime: 60_000,
    refetchInterval: (query) => (query.state.status === "error" ? 3_000 : false),
  });
  if (isPending) return null;
  if (isError) {
    return (
      <EmptyState icon="unplug" title={words.unreachable.title}>
        {words.unreachable.text} <code className="text-text">runnel up</code>
      </EmptyState>
    );
  }
  if (!session) return <SignedOut />;
  return (
    <>
      <Outlet />
      <AppPalette />
    </>
  );
}
