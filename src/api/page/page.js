"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  /* Everything that is shown goes in as text, never as markup. */
  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
    for (const child of children.flat(Infinity)) if (child !== null && child !== undefined) element.append(child);
    return element;
  };
  const slug = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
  /* Text with `code` in it. */
  const prose = (text) => (text || "").split(/`([^`]+)`/).map((part, at) => (at % 2 ? make("code", {}, part) : part));
  const paragraphs = (text) => (text || "").split(/\n\n+/).filter(Boolean).map((part) => make("p", {}, prose(part)));

  let description;
  const nameOf = (reference) => reference.split("/").pop();
  const resolve = (schema) => (schema && schema.$ref ? description.components.schemas[nameOf(schema.$ref)] : schema);

  const typeOf = (schema) => {
    if (!schema) return "";
    if (schema.$ref) return nameOf(schema.$ref) === "Bytes" ? "bytes" : nameOf(schema.$ref);
    if (schema.format === "binary") return "bytes";
    if (schema.type === "array" && schema.items) return typeOf(schema.items) + "[]";
    const any = schema.oneOf || schema.anyOf;
    if (any) return any.map(typeOf).filter((type) => type !== "null").join(" or ");
    if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
    return [].concat(schema.type || "any").filter((type) => type !== "null").join(" or ") || "null";
  };

  /* The fields of an object, with those of the objects in it folded. */
  const fields = (schema, seen) => {
    const whole = resolve(schema);
    if (!whole) return null;
    const name = schema.$ref ? nameOf(schema.$ref) : null;
    if (name && seen.includes(name)) return null;
    const inside = name ? seen.concat(name) : seen;
    const parts = (whole.allOf || whole.oneOf || whole.anyOf || []).map((part) => fields(part, inside));
    if (whole.items) parts.push(fields(whole.items, inside));
    const required = whole.required || [];
    const items = Object.entries(whole.properties || {}).map(([field, value]) => {
      const nested = fields(value, inside);
      return make("li", {}, make("code", {}, field), " ", make("i", {}, typeOf(value),
        required.includes(field) ? "" : ", may be absent"), " ", prose(value.description),
        nested && make("details", { class: "schema" }, make("summary", {}, "fields"), nested));
    });
    if (items.length) parts.unshift(make("ul", { class: "fields" }, items));
    const shown = parts.filter(Boolean);
    return shown.length ? make("div", {}, shown) : null;
  };

  const content = (media) => Object.entries(media || {}).map(([type, value]) => make("div", {},
    make("span", { class: "form" }, type, value.schema ? ", " + typeOf(value.schema) : ""),
    value.schema ? fields(value.schema, []) : null));

  const response = ([status, answer]) => make("tr", {},
    make("th", { scope: "row" }, make("span", { class: "status " + (status < "4" ? "good" : "bad") }, status)),
    make("td", {}, prose(answer.description),
      status < "4" || status === "422"
        ? content(answer.content)
        : make("span", { class: "form" }, Object.keys(answer.content || {}).join(", "))));

  const parameter = (one) => make("tr", {},
    make("th", { scope: "row" }, make("code", {}, one.name)),
    make("td", {}, make("span", { class: "form" }, `in the ${one.in}${one.required ? "" : ", may be absent"}`),
      prose(one.description)));

  const show = async (answer, output) => {
    const type = answer.headers.get("content-type") || "";
    const head = `${answer.status} ${answer.statusText}\n`;
    if (type.includes("json")) {
      output.textContent = head + JSON.stringify(await answer.json(), null, 2);
    } else if (type.startsWith("text/")) {
      output.textContent = head + (await answer.text());
    } else {
      const bytes = new Uint8Array(await answer.arrayBuffer());
      const hex = Array.from(bytes.slice(0, 512), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
      output.textContent = `${head}${type}, ${bytes.length} bytes\n${hex}${bytes.length > 512 ? " …" : ""}`;
    }
  };

  const attempt = (path, operation) => {
    const inputs = (operation.parameters || []).map((one) => [one, make("input", { type: "text", "aria-label": one.name,
      placeholder: one.name, autocomplete: "off" })]);
    const output = make("pre", { hidden: "", "aria-live": "polite", tabindex: "0" });
    const form = make("form", { class: "try" }, inputs.map(([one, input]) => make("label", {}, one.name, input)),
      make("button", { type: "submit", class: "send" }, "Send"));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      let target = path;
      const query = new URLSearchParams();
      for (const [one, input] of inputs) {
        if (one.in === "path") {
          target = target.replace(`{${one.name}}`, input.value.split("/").map(encodeURIComponent).join("/"));
        } else if (input.value !== "") query.set(one.name, input.value);
      }
      const token = byId("token").value;
      const headers = token ? { authorization: "Bearer " + token } : {};
      output.hidden = false;
      output.textContent = "…";
      try {
        await show(await fetch(target + (query.size ? "?" + query : ""), { headers }), output);
      } catch (error) {
        output.textContent = String(error);
      }
    });
    return [make("h4", {}, "Try it"), form, output];
  };

  const operationOf = (path, method, operation) => {
    const body = operation.requestBody;
    const parameters = operation.parameters || [];
    const open = !operation.security;
    const element = make("details", { class: "operation", id: slug(method + path) },
      make("summary", {}, make("span", { class: "method " + method }, method.toUpperCase()),
        make("span", { class: "path" }, path), make("span", { class: "title" }, operation.summary || ""),
        make("span", { class: "who" }, open ? "everybody" : "readers")),
      make("div", { class: "body" }, paragraphs(operation.description),
        parameters.length ? [make("h4", {}, "Parameters"), make("table", {}, parameters.map(parameter))] : null,
        body ? [make("h4", {}, "Body"), make("p", {}, prose(body.description)), content(body.content)] : null,
        make("h4", {}, "Answers"), make("table", {}, Object.entries(operation.responses).map(response)),
        method === "get" ? attempt(path, operation) : null));
    element.dataset.words = [method, path, operation.summary, operation.description].join(" ").toLowerCase();
    return element;
  };

  const render = () => {
    byId("version").textContent = description.info.version;
    byId("about").replaceChildren(...prose(description.info.description));
    const groups = new Map((description.tags || []).map((tag) => [tag.name, []]));
    const about = new Map((description.tags || []).map((tag) => [tag.name, tag.description]));
    for (const [path, item] of Object.entries(description.paths)) {
      for (const [method, operation] of Object.entries(item)) {
        const tag = (operation.tags || ["Other"])[0];
        if (!groups.has(tag)) groups.set(tag, []);
        groups.get(tag).push(operationOf(path, method, operation));
      }
    }
    const entries = [...groups].map(([tag]) => make("li", {}, make("a", { href: "#" + slug(tag) }, tag)));
    byId("contents").replaceChildren(make("ul", {}, entries));
    byId("operations").replaceChildren(...[...groups].map(([tag, list]) =>
      make("section", {}, make("h2", { id: slug(tag) }, tag),
        about.has(tag) ? make("p", { class: "title" }, prose(about.get(tag))) : null, list)));
    byId("operations").removeAttribute("aria-live");
    const asked = location.hash.length > 1 && byId(location.hash.slice(1));
    if (asked) {
      asked.open = true;
      asked.scrollIntoView();
    }
  };

  const every = (action) => document.querySelectorAll("details.operation").forEach(action);
  byId("open").addEventListener("click", () => every((one) => { one.open = !one.hidden; }));
  byId("close").addEventListener("click", () => every((one) => { one.open = false; }));
  byId("filter").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    every((one) => { one.hidden = !words.every((word) => one.dataset.words.includes(word)); });
    document.querySelectorAll("main section").forEach((section) => {
      section.hidden = !section.querySelector("details.operation:not([hidden])");
    });
  });

  fetch("openapi.json").then((answer) => answer.json()).then((read) => { description = read; render(); })
    .catch((error) => { byId("operations").textContent = "The description could not be read: " + error; });
})();
