// Runs the compiled tests with what this version of Node needs: 18 has WebCrypto behind a flag, 20 warns of
// Ed25519.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

const [major] = process.versions.node.split(".").map(Number);
const flags =
  major < 20
    ? ["--experimental-global-webcrypto", "--no-warnings"]
    : ["--disable-warning=ExperimentalWarning"];
const [sources, folder] = [new URL("../test/", import.meta.url), new URL("../dist/test/", import.meta.url)];
const only = process.argv.slice(2);
const chosen = (name) =>
  name.endsWith(".test.ts") && (only.length === 0 || only.includes(name.split(".")[0]));
const files = readdirSync(sources)
  .filter(chosen)
  .map((name) => new URL(name.replace(/ts$/, "js"), folder).pathname);
process.exit(spawnSync(process.execPath, [...flags, "--test", ...files], { stdio: "inherit" }).status ?? 1);
