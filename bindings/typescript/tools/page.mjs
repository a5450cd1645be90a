// Writes ui/verify.html and ui/explorer.html: the compiled library and page as one script in the template. With
// --check it only compares.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync, existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("..", import.meta.url));
/** The pages by their folders here; each has a template and styles beside those that both have. */
const PAGES = { ui: "verify.html", explorer: "explorer.html" };

/** The modules that one needs, each behind those that it needs itself. */
function ordered(path, done = new Map(), open = new Set()) {
  if (done.has(path)) return done;
  if (open.has(path)) throw new Error(`modules import each other: ${path}`);
  open.add(path);
  const text = readFileSync(path, "utf8");
  for (const [, from] of text.matchAll(/^(?:import|export) [^;]*? from "(\.[^"]*)";$/gms))
    ordered(resolve(dirname(path), from), done, open);
  done.set(path, text);
  return done;
}

/**
 * One script: every module is a function that answers with what it exports. Only the forms that tsc writes
 * are known.
 */
function bundle(entry) {
  const modules = ordered(entry);
  const names = new Map([...modules.keys()].map((path, at) => [path, `m${at}`]));
  const script = [...modules].map(([path, text]) => {
    const module = (from) => names.get(resolve(dirname(path), from));
    const exported = [];
    const pairs = (list) =>
      list
        .split(",")
        .map((each) => each.trim())
        .filter(Boolean)
        .map((each) => each.split(/ as /).map((name) => name.trim()));
    const body = text
      .replace(
        /^import \* as (\w+) from "([^"]*)";$/gm,
        (_, name, from) => `const ${name} = ${module(from)};`,
      )
      .replace(
        /^import \{([^}]*)\} from "([^"]*)";$/gm,
        (_, list, from) =>
          `const {${pairs(list)
            .map((names) => names.join(": "))
            .join(", ")}} = ${module(from)};`,
      )
      .replace(/^import "([^"]*)";$/gm, "")
      .replace(/^export \* from "([^"]*)";$/gm, (_, from) => (exported.push(`...${module(from)}`), ""))
      .replace(
        /^export \* as (\w+) from "([^"]*)";$/gm,
        (_, name, from) => (exported.push(`${name}: ${module(from)}`), ""),
      )
      .replace(/^export \{([^}]*)\} from "([^"]*)";$/gm, (_, list, from) => {
        for (const [name, as = name] of pairs(list)) exported.push(`${as}: ${module(from)}.${name}`);
        return "";
      })
      .replace(/^export \{\s*\};$/gm, "")
      .replace(
        /^export ((?:async )?(?:function\*?|class|const|let) (\w+))/gm,
        (_, declaration, name) => (exported.push(name), declaration),
      )
      .replace(/^\/\/# sourceMappingURL=.*$/gm, "");
    if (/^(import|export) /m.test(body))
      throw new Error(`a form that is not known: ${path}: ${/^(import|export) .*$/m.exec(body)[0]}`);
    const comment = path.slice(here.length + "dist/".length);
    const run =
      path === entry
        ? `await (async () => {\n${body}})();`
        : `const ${names.get(path)} = (() => {\n${body}return { ${exported.join(", ")} };\n})();`;
    return `// ${comment}\n${run}\n`;
  });
  return script.join("");
}

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
const read = (path) => readFileSync(resolve(here, path), "utf8");

/** The page of a folder. */
function page(folder) {
  const script = `\n${bundle(resolve(here, `dist/${folder}/main.js`))}`;
  if (script.includes("</script")) throw new Error("the script would end its element");
  const style = `\n${read("ui/base.css")}${read(`${folder}/style.css`)}`;
  const parts = { script, style, "script-hash": hash(script), "style-hash": hash(style) };
  return read(`${folder}/template.html`).replace(/\{\{([\w-]+)\}\}/g, (_, name) => parts[name]);
}

for (const [folder, name] of Object.entries(PAGES)) {
  const out = resolve(here, "../../ui", name);
  const text = page(folder);
  if (process.argv.includes("--check")) {
    if (existsSync(out) && readFileSync(out, "utf8") === text) continue;
    console.error(`ui/${name} is not current: npm run page`);
    process.exit(1);
  }
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, text);
}
