import { useBlocker } from "@tanstack/react-router";
import { useState } from "react";
import { http } from "../../api/http";
import { sessionKey, type User, useSession } from "../../api/session";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Input } from "../../ui/Input";
import { Select } from "../../ui/Select";
import { Field } from "./Field";
import { useSaving } from "./useSaving";
import { words } from "./words";

const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];
const FIELDS = ["first_name", "last_name", "email", "timezone"] as const;
type Profile = Record<(typeof FIELDS)[number], string>;
const LABELS: Record<(typeof FIELDS)[number], string> = {
  first_name: words.profile.first,
  last_name: words.profile.last,
  email: words.profile.email,
  timezone: words.profile.timezone,
};

export function ProfileTab() {
  const session = useSession();
  return session ? <Form key={session.user.id} user={session.user} local={session.mode === "local"} /> : null;
}

function Form({ user, local }: { user: User; local: boolean }) {
  const [before, setBefore] = useState<Profile>(() => profileOf(user));
  const [now, setNow] = useState(before);
  const changed = FIELDS.filter((name) => before[name] !== now[name]);
  const saving = useSaving((given: Partial<Profile>) => http.patch("/users/me", clean(given)), sessionKey);
  const save = () =>
    saving.mutateAsync(Object.fromEntries(changed.map((name) => [name, now[name]]))).then(() => setBefore(now));
  const badMail = now.email !== "" && !/^\S+@\S+\.\S+$/.test(now.email);
  const set = (name: keyof Profile) => (value: string) => setNow((old) => ({ ...old, [name]: value }));
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      {local ? <p className="text-muted">{words.profile.local}</p> : null}
      <Field label={words.profile.username}>{(id) => <Input id={id} value={user.username} disabled readOnly />}</Field>
      <Field label={words.profile.role}>{(id) => <Input id={id} value={user.role} disabled readOnly />}</Field>
      <Field label={words.profile.first}>
        {(id) => <Input id={id} value={now.first_name} onChange={(event) => set("first_name")(event.target.value)} />}
      </Field>
      <Field label={words.profile.last}>
        {(id) => <Input id={id} value={now.last_name} onChange={(event) => set("last_name")(event.target.value)} />}
      </Field>
      <Field label={words.profile.email} error={badMail ? `${now.email} ?` : undefined}>
        {(id) => (
          <Input
            id={id}
            type="email"
            invalid={badMail}
            value={now.email}
            onChange={(event) => set("email")(event.target.value)}
          />
        )}
      </Field>
      <Field label={words.profile.timezone}>
        {(id) => (
          <Select
            id={id}
            className="w-full"
            value={now.timezone}
            onChange={set("timezone")}
            choices={ZONES.map((zone) => ({ value: zone, label: zone.replaceAll("_", " ") }))}
          />
        )}
      </Field>
      <Button
        type="submit"
        size="md"
        look="primary"
        className="self-start sm:ml-44"
        disabled={!changed.length || badMail || saving.isPending}
      >
        {words.save}
      </Button>
      <Leaving changed={changed.map((name) => LABELS[name])} onSave={save} />
    </form>
  );
}

/** Ask before changed fields are lost, and name them. */
function Leaving({ changed, onSave }: { changed: readonly string[]; onSave: () => Promise<void> }) {
  const { proceed, reset, status } = useBlocker({
    shouldBlockFn: () => changed.length > 0,
    enableBeforeUnload: () => changed.length > 0,
    withResolver: true,
  });
  return (
    <Dialog
      open={status === "blocked"}
      onOpenChange={(open) => !open && reset?.()}
      title={words.profile.leave.title}
      description={words.profile.leave.text}
      testid="unsaved-dialog"
      foot={
        <>
          <Button size="md" look="danger" onClick={() => proceed?.()}>
            {words.profile.leave.discard}
          </Button>
          <Button size="md" onClick={() => reset?.()}>
            {words.profile.leave.keep}
          </Button>
          <Button size="md" look="primary" onClick={() => void onSave().then(() => proceed?.())}>
            {words.profile.leave.save}
          </Button>
        </>
      }
    >
      <ul className="list-disc pl-5">
        {changed.map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ul>
    </Dialog>
  );
}

function profileOf(user: User): Profile {
  return {
    first_name: user.first_name ?? "",
    last_name: user.last_name ?? "",
    email: user.email ?? "",
    timezone: user.timezone ?? "UTC",
  };
}

const clean = (given: Partial<Profile>) => (given.email === "" ? { ...given, email: null } : given);
