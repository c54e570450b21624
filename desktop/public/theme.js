// Runs before the first paint, so that a dark desk never flashes white. src/theme.ts takes over.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("balcao.theme");
  } catch {
    // Storage may be refused; the system's theme is right then.
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme =
    chosen === "light" || chosen === "dark" ? chosen : dark ? "dark" : "light";
})();
