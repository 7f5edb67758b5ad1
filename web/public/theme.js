// Sets the theme before the first paint; ui/theme.ts changes it later.
(() => {
  let choice = null;
  try {
    choice = localStorage.getItem("runnel.theme");
  } catch {
    choice = null;
  }
  const asked = new URLSearchParams(location.search).get("theme");
  const known = ["light", "dark", "contrast"];
  const wanted = known.includes(asked) ? asked : choice;
  const system = matchMedia("(prefers-contrast: more)").matches
    ? "contrast"
    : matchMedia("(prefers-color-scheme: dark)").matches
      ? "dark"
      : "light";
  document.documentElement.dataset.theme = known.includes(wanted) ? wanted : system;
})();
