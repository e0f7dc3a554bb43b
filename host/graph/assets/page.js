// The page's own script: reads the graph that is embedded, draws it, and shows what is known of each part. Text of the graph is hostile: it goes into the page as
// text only, with what a reader could not see, or would be misled by, made visible.
"use strict";
(() => {
  const graph = JSON.parse(document.getElementById("graph").textContent);
  const at = (id) => document.getElementById(id);
  // What to open with, and what says how something is.
  const view = JSON.parse(at("view").textContent);

  // Control characters, those that turn the direction of writing, and those that cannot be seen.
  const acting = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\u115f\u1160\u3164\uffa0]/gu;
  const safe = (text) => String(text).replace(acting, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
  const safeLines = (text) => String(text).split("\n").map(safe).join("\n");

  const make = (tag, className, ...children) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...children);
    return element;
  };

  // ---- What there is to draw -------------------------------------------------------------------------------------

  const keyOf = (of, read) => JSON.stringify([of.type, of.id, of.uid, read]);
  const prefixOf = (id) => (id.includes("/") ? id.slice(0, id.indexOf("/")) : "");
  const nameOf = (id) => id.slice(id.lastIndexOf("/") + 1);

  const well = new Set(view.well);
  const stateOf = (entity) => view.states.map((name) => entity?.properties[name]).find((state) => typeof state === "string" && state !== "") ?? null;
  const extents = new Map(graph.coverage.entities.map((entry) => [entry.type, entry]));
  // Of what only others name. Where all of its type was read, it was looked for in vain.
  const absenceOf = (type) => (extents.get(type)?.extent === "complete" ? "not found" : "not read");

  const nodes = new Map();
  const addNode = (of, entity) => {
    const key = keyOf(of, entity !== null);
    if (!nodes.has(key)) {
      const state = stateOf(entity);
      const isUnwell = state !== null && !well.has(state);
      const absence = entity === null ? absenceOf(of.type) : null;
      nodes.set(key, { key, type: of.type, id: of.id, uid: of.uid, entity, state, isUnwell, absence, group: prefixOf(of.id), links: [], name: safe(nameOf(of.id)) });
    }
    return nodes.get(key);
  };
  for (const entity of graph.entities) addNode(entity, entity);
  const endOf = (end) => nodes.get(keyOf(end, end.resolved)) ?? addNode(end, null);
  // Relationships that say no more than that something is in the namespace that its id begins with: all that go by a name to a type do, from more types than one.
  const way = (relationship) => `${relationship.type} ${relationship.to.type}`;
  const isOfAnother = ({ from, to }) => prefixOf(from.id) === "" || prefixOf(from.id) !== to.id;
  const others = new Set(graph.relationships.filter(isOfAnother).map(way));
  const sources = new Map();
  for (const relationship of graph.relationships) {
    const types = sources.get(way(relationship)) ?? new Set();
    sources.set(way(relationship), types.add(relationship.from.type));
  }
  const links = graph.relationships.map((relationship) => {
    const [source, target] = [endOf(relationship.from), endOf(relationship.to)];
    const isMembership = !others.has(way(relationship)) && sources.get(way(relationship)).size > 1;
    if (isMembership) target.group = target.id;
    const link = { source, target, relationship, isMembership, isUnready: relationship.properties.ready === false };
    source.links.push(link);
    if (source !== target) target.links.push(link);
    return link;
  });
  const all = [...nodes.values()];
  const MAX_RADIUS = 13;
  for (const node of all) node.radius = Math.min(4 + 1.1 * Math.sqrt(node.links.length), MAX_RADIUS);

  const count = (of) => all.reduce((counts, node) => counts.set(of(node), (counts.get(of(node)) ?? 0) + 1), new Map());
  const countsOfKinds = count((node) => node.type);
  for (const type of extents.keys()) if (!countsOfKinds.has(type)) countsOfKinds.set(type, 0);
  const kinds = [...countsOfKinds.keys()].sort();
  const countsOfGroups = count((node) => node.group);
  const groups = [...countsOfGroups.keys()].sort();
  // What is about anything, and nothing is about it: remarks. There are many, so they are not shown at first.
  const remarks = new Set(graph.coverage.relationships.filter((entry) => entry.destination === "any").map((entry) => entry.source));

  // Told apart by eye, the first for what there is most of; further ones go round the circle.
  const palette = [[211, 75, 52], [28, 88, 54], [152, 55, 42], [350, 70, 58], [265, 55, 60], [48, 85, 46], [187, 70, 42], [320, 55, 58], [90, 50, 44], [14, 45, 46], [235, 60, 66], [170, 35, 58], [0, 0, 52], [290, 40, 46], [60, 45, 38], [200, 25, 46]];
  const byCount = [...kinds].sort((a, b) => remarks.has(a) - remarks.has(b) || countsOfKinds.get(b) - countsOfKinds.get(a));
  const tones = new Map(byCount.map((kind, place) => [kind, palette[place] ?? [Math.round((place * 137.508) % 360), 50, 50]]));
  const groupHues = new Map(groups.map((group, place) => [group, Math.round((30 + place * 137.508) % 360)]));
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let colours;
  const readColours = () => {
    const style = getComputedStyle(document.documentElement);
    colours = Object.fromEntries(["back", "text", "soft", "link", "accent", "halo", "ill", "on-ill"].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    colours.kinds = new Map([...tones].map(([kind, [hue, chroma, light]]) => [kind, `hsl(${hue} ${chroma}% ${dark.matches ? light + 10 : light}%)`]));
    colours.groups = new Map([...groupHues].map(([group, hue]) => [group, dark.matches ? `hsl(${hue} 28% 12%)` : `hsl(${hue} 55% 94%)`]));
    colours.groupNames = new Map([...groupHues].map(([group, hue]) => [group, dark.matches ? `hsl(${hue} 35% 62%)` : `hsl(${hue} 40% 40%)`]));
  };
  readColours();

  // ---- What is shown of it ---------------------------------------------------------------------------------------

  const shownKinds = new Set(kinds.filter((kind) => !remarks.has(kind)));
  const shownGroups = new Set(groups);
  let selected = null;
  let hovered = null;
  let near = new Set();
  let isOnlyUnwell = false;
  const isShown = (node) => shownKinds.has(node.type) && shownGroups.has(node.group);

  // ---- The picture -----------------------------------------------------------------------------------------------

  const container = at("picture");
  const picture = new ForceGraph(container);
  let isOurs = true; // Until a person moves it.
  let held = null; // What stays in the middle while it is ours.
  let isSettled = false;
  let ticks = 0;

  // Its capitals; where two types have the same, as many letters of its name as tell them apart.
  const capitals = (type) => type.replace(/[^A-Z]/g, "").slice(0, 3) || type.slice(0, 1).toUpperCase();
  const initials = new Map(kinds.map((kind) => {
    const alike = kinds.filter((other) => other !== kind && capitals(other) === capitals(kind));
    const isTold = (length) => alike.every((other) => other.slice(0, length) !== kind.slice(0, length));
    return [kind, alike.length === 0 ? capitals(kind) : kind.slice(0, [2, 3].find(isTold) ?? 3)];
  }));
  const focus = () => hovered ?? selected;
  const isDim = (node) => (focus() !== null ? !near.has(node) : isOnlyUnwell && !node.isUnwell);

  const drawNode = (node, ctx, scale) => {
    const colour = colours.kinds.get(node.type);
    ctx.globalAlpha = isDim(node) ? (node.isUnwell ? 0.45 : 0.18) : 1;
    ctx.beginPath();
    ctx.arc(node.x, node.y, node.radius, 0, 2 * Math.PI);
    ctx.fillStyle = node.entity === null ? colours.back : colour;
    ctx.fill();
    if (node.entity === null) {
      ctx.setLineDash([1.5, 1.5]);
      ctx.lineWidth = 1.2;
      ctx.strokeStyle = colour;
    } else {
      ctx.lineWidth = node === focus() ? 2.5 / scale + 0.6 : 0.8;
      ctx.strokeStyle = node === focus() ? colours.text : colours.halo;
    }
    ctx.stroke();
    ctx.setLineDash([]);
    if (node.isUnwell) drawRing(node, ctx, scale);
    if (node.absence === "not found") drawStroke(node, colour, ctx);
    const onScreen = node.radius * scale;
    if (onScreen > 7) {
      ctx.font = `600 ${node.radius * 0.8}px system-ui, sans-serif`;
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      ctx.fillStyle = node.entity === null ? colour : colours.back;
      ctx.fillText(initials.get(node.type), node.x, node.y + node.radius * 0.06);
    }
    const isNamed = node.isUnwell && (isOnlyUnwell || all.length < 1500 && scale > 0.5);
    if (isNamed || onScreen > (all.length < 150 ? 8 : 10) || near.has(node) && focus() !== null && near.size < 60) drawName(node, ctx, scale);
    ctx.globalAlpha = 1;
  };

  const drawRing = (node, ctx, scale) => {
    ctx.beginPath();
    ctx.arc(node.x, node.y, node.radius + 1.6, 0, 2 * Math.PI);
    ctx.lineWidth = Math.max(2, 1.6 / scale);
    ctx.strokeStyle = colours.ill;
    ctx.stroke();
  };
  const drawStroke = (node, colour, ctx) => {
    const reach = node.radius * Math.SQRT1_2;
    ctx.beginPath();
    ctx.moveTo(node.x - reach, node.y + reach);
    ctx.lineTo(node.x + reach, node.y - reach);
    ctx.lineWidth = 1.2;
    ctx.strokeStyle = colour;
    ctx.stroke();
  };
  // A mark that is no colour, over everything, and never too small to be seen.
  const drawBadge = (x, y, least, ctx, scale) => {
    const radius = Math.min(Math.max(least, 5 / scale), 22);
    ctx.beginPath();
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
    ctx.fillStyle = colours.ill;
    ctx.fill();
    ctx.lineWidth = radius / 5;
    ctx.strokeStyle = colours.halo;
    ctx.stroke();
    ctx.font = `700 ${radius * 1.6}px system-ui, sans-serif`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillStyle = colours["on-ill"];
    ctx.fillText("!", x, y + radius * 0.1);
  };
  const drawBadges = (ctx, scale) => {
    const { nodes: shown, links: shownLinks } = picture.graphData();
    for (const { source, target, isUnready } of shownLinks) {
      if (!isUnready) continue;
      ctx.globalAlpha = focus() !== null && source !== focus() && target !== focus() ? 0.25 : 1;
      if (scale > 0.7) drawBadge((source.x + target.x) / 2, (source.y + target.y) / 2, 2.4, ctx, Math.max(scale, 2));
    }
    for (const node of shown) {
      if (!node.isUnwell) continue;
      ctx.globalAlpha = isDim(node) ? 0.45 : 1;
      drawBadge(node.x + node.radius * 0.8, node.y - node.radius * 0.8, node.radius * 0.5, ctx, scale);
    }
    ctx.globalAlpha = 1;
  };

  const drawName = (node, ctx, scale) => {
    const size = Math.min(11 / scale, 5.5);
    const text = node.name.length > 32 ? `${node.name.slice(0, 31)}…` : node.name;
    ctx.font = `${size}px system-ui, sans-serif`;
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    ctx.lineWidth = size / 4;
    ctx.lineJoin = "round";
    ctx.strokeStyle = colours.halo;
    ctx.strokeText(text, node.x, node.y + node.radius + 1.5);
    ctx.fillStyle = colours.text;
    ctx.fillText(text, node.x, node.y + node.radius + 1.5);
    if (!node.isUnwell) return;
    const state = node.state.length > 32 ? `${safe(node.state.slice(0, 31))}…` : safe(node.state);
    ctx.strokeText(state, node.x, node.y + node.radius + 1.5 + size * 1.15);
    ctx.fillStyle = colours.ill;
    ctx.fillText(state, node.x, node.y + node.radius + 1.5 + size * 1.15);
  };

  const drawArea = (node, colour, ctx) => {
    ctx.fillStyle = colour;
    ctx.beginPath();
    ctx.arc(node.x, node.y, node.radius + 1.5, 0, 2 * Math.PI);
    ctx.fill();
  };

  const isNear = (link) => focus() !== null && (link.source === focus() || link.target === focus());
  const linkColour = (link) => {
    if (link.isUnready) return focus() === null || isNear(link) ? colours.ill : `color-mix(in srgb, ${colours.ill} 35%, transparent)`;
    if (isNear(link)) return colours.accent;
    if (focus() !== null || isOnlyUnwell) return `color-mix(in srgb, ${colours.link} 18%, transparent)`;
    if (link.isMembership) return `color-mix(in srgb, ${colours.link} 22%, transparent)`;
    return link.source.group === link.target.group ? colours.link : `color-mix(in srgb, ${colours.link} ${all.length > 1500 ? 9 : 55}%, transparent)`;
  };
  const nameLink = (link, ctx, scale) => {
    if (!isNear(link) || near.size > 24) return;
    const size = Math.min(9.5 / scale, 4.5);
    const [x, y] = [(link.source.x + link.target.x) / 2, (link.source.y + link.target.y) / 2];
    ctx.font = `${size}px system-ui, sans-serif`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.lineWidth = size / 3;
    ctx.strokeStyle = colours.halo;
    const text = link.isUnready ? `${link.relationship.type} (not ready)` : link.relationship.type;
    // Below the mark, where there is one.
    const below = link.isUnready ? y + 2.5 + size / 2 : y;
    ctx.strokeText(text, x, below);
    ctx.fillStyle = link.isUnready ? colours.ill : colours.soft;
    ctx.fillText(text, x, below);
  };

  // Around what is in one namespace: the smallest convex shape, with room.
  const hull = (points) => {
    const sorted = [...points].sort((a, b) => a.x - b.x || a.y - b.y);
    const turns = (a, b, c) => (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
    const half = (from) => from.reduce((chain, point) => {
      while (chain.length > 1 && turns(chain.at(-2), chain.at(-1), point) <= 0) chain.pop();
      chain.push(point);
      return chain;
    }, []);
    return [...half(sorted).slice(0, -1), ...half(sorted.reverse()).slice(0, -1)];
  };
  let groupNames = [];
  const drawGroups = (ctx) => {
    const members = Map.groupBy(picture.graphData().nodes.filter((node) => node.group !== "" && Number.isFinite(node.x)), (node) => node.group);
    groupNames = [];
    for (const [group, ofGroup] of [...members].sort(([, a], [, b]) => b.length - a.length)) {
      const around = ofGroup.length > 2 ? hull(ofGroup) : ofGroup;
      ctx.beginPath();
      around.forEach((point, place) => (place === 0 ? ctx.moveTo(point.x, point.y) : ctx.lineTo(point.x, point.y)));
      ctx.closePath();
      ctx.lineJoin = ctx.lineCap = "round";
      ctx.lineWidth = 44;
      ctx.fillStyle = ctx.strokeStyle = colours.groups.get(group);
      ctx.stroke();
      ctx.fill();
      const top = ofGroup.reduce((least, node) => Math.min(least, node.y), Infinity);
      const middle = ofGroup.reduce((sum, node) => sum + node.x, 0) / ofGroup.length;
      groupNames.push([group, middle, top]);
    }
  };
  const nameGroups = (ctx, scale) => {
    for (const [group, x, y] of groupNames) {
      ctx.font = `600 ${Math.max(13 / scale, 7)}px system-ui, sans-serif`;
      ctx.textAlign = "center";
      ctx.textBaseline = "bottom";
      ctx.lineJoin = "round";
      ctx.lineWidth = 4 / scale;
      ctx.strokeStyle = colours.halo;
      ctx.strokeText(safe(group), x, y - 24);
      ctx.fillStyle = colours.groupNames.get(group);
      ctx.fillText(safe(group), x, y - 24);
    }
  };

  // Keeps together what is in one namespace, and namespaces apart.
  const together = () => {
    let inGroups = [];
    let outside = [];
    const force = (alpha) => {
      const centres = inGroups.map(([, members]) => {
        const sum = members.reduce(([x, y], node) => [x + node.x, y + node.y], [0, 0]);
        return { x: sum[0] / members.length, y: sum[1] / members.length, room: 11 * Math.sqrt(members.length) + 34, dx: 0, dy: 0 };
      });
      for (let one = 0; one < centres.length; one++) {
        for (let other = one + 1; other < centres.length; other++) {
          const [a, b] = [centres[one], centres[other]];
          const [x, y] = [b.x - a.x || 1e-3, b.y - a.y || 1e-3];
          const distance = Math.hypot(x, y);
          const overlap = a.room + b.room - distance;
          if (overlap <= 0) continue;
          const push = (overlap / distance) * 0.5;
          a.dx -= x * push; a.dy -= y * push; b.dx += x * push; b.dy += y * push;
        }
      }
      inGroups.forEach(([, members], place) => {
        const centre = centres[place];
        for (const node of members) {
          node.vx += ((centre.x - node.x) * 0.12 + centre.dx * 0.35 - centre.x * 0.03) * alpha;
          node.vy += ((centre.y - node.y) * 0.12 + centre.dy * 0.35 - centre.y * 0.045) * alpha;
        }
      });
      for (const node of outside) {
        node.vx -= node.x * 0.03 * alpha;
        node.vy -= node.y * 0.045 * alpha;
      }
    };
    force.initialize = (given) => {
      outside = given.filter((node) => node.group === "");
      inGroups = [...Map.groupBy(given.filter((node) => node.group !== ""), (node) => node.group)];
    };
    return force;
  };
  // Keeps nodes from lying on each other; where there are few, their names, too. Only what is in neighbouring cells of a grid is compared.
  const apart = () => {
    let given = [];
    const room = all.length < 300 ? 8 : 1.5;
    const cell = 2 * MAX_RADIUS + room;
    const force = () => {
      const grid = new Map();
      const column = (value) => Math.floor(value / cell);
      for (const node of given) {
        const key = `${column(node.x)} ${column(node.y)}`;
        if (!grid.has(key)) grid.set(key, []);
        for (let x = -1; x <= 1; x++) {
          for (let y = -1; y <= 1; y++) {
            for (const other of grid.get(`${column(node.x) + x} ${column(node.y) + y}`) ?? []) push(node, other);
          }
        }
        grid.get(key).push(node);
      }
    };
    const push = (node, other) => {
      const [x, y] = [node.x - other.x || 1e-3, (node.y - other.y) * 1.15 || 1e-3];
      const distance = Math.hypot(x, y);
      const overlap = node.radius + other.radius + room - distance;
      if (overlap <= 0) return;
      const [dx, dy] = [(x / distance) * overlap * 0.3, (y / distance) * overlap * 0.3];
      node.vx += dx; node.vy += dy; other.vx -= dx; other.vy -= dy;
    };
    force.initialize = (nodes) => { given = nodes; };
    return force;
  };
  // Namespaces begin apart from each other, the largest in the middle.
  const bySize = groups.filter((group) => group !== "").sort((a, b) => countsOfGroups.get(b) - countsOfGroups.get(a));
  const spread = 11 * Math.sqrt(all.length) + 40;
  const starts = new Map(bySize.map((group, place) => {
    const [angle, away] = [place * 2.39996, spread * Math.sqrt((place + 0.3) / Math.max(bySize.length, 1))];
    return [group, [away * Math.cos(angle), away * Math.sin(angle)]];
  }));
  all.forEach((node, place) => {
    const [x, y] = starts.get(node.group) ?? [0, 0];
    const away = 5 * Math.sqrt(place % 400);
    node.x = x + away * Math.cos(place * 2.39996);
    node.y = y + away * Math.sin(place * 2.39996);
  });

  const fitAll = (milliseconds) => picture.zoomToFit(still ? 0 : milliseconds, all.length < 300 ? 90 : 50);
  // One in the middle, and around it as much as is next to it; of a small graph, all.
  const hold = (node, milliseconds) => {
    const around = all.length < 150 ? picture.graphData().nodes : [node, ...node.links.flatMap((link) => [link.source, link.target])].filter(isShown);
    const reach = (of) => around.reduce((most, other) => Math.max(most, Math.abs(of(other) - of(node))), 0) + 40;
    const zoom = Math.min(container.clientWidth / 2 / reach((other) => other.x), container.clientHeight / 2 / reach((other) => other.y));
    picture.centerAt(node.x, node.y, still ? 0 : milliseconds).zoom(Math.min(Math.max(zoom, 0.5), 3), still ? 0 : milliseconds);
  };
  const fit = (milliseconds) => (held === null ? fitAll(milliseconds) : hold(held, milliseconds));
  picture
    .nodeId("key")
    .nodeLabel(() => "")
    .linkLabel(() => "")
    .nodeCanvasObject(drawNode)
    .nodePointerAreaPaint(drawArea)
    .linkColor(linkColour)
    .linkWidth((link) => (isNear(link) || link.isUnready ? 1.8 : link.isMembership ? 0.5 : 1))
    .linkLineDash((link) => (link.relationship.certain ? null : [4, 3]))
    .linkDirectionalArrowLength((link) => (isNear(link) || links.length < 1500 && !link.isMembership ? 4 : 0))
    .linkDirectionalArrowRelPos(1)
    .linkCanvasObjectMode(() => "after")
    .linkCanvasObject(nameLink)
    .linkPointerAreaPaint(() => {})
    .onRenderFramePre(drawGroups)
    .onRenderFramePost((ctx, scale) => { nameGroups(ctx, scale); drawBadges(ctx, scale); })
    .onNodeHover((node) => { hovered = node ?? null; refocus(); })
    .onNodeClick((node) => select(node))
    .onBackgroundClick(() => select(null))
    .onNodeDrag(() => { isOurs = false; })
    .onEngineTick(() => { ticks += 1; if (isOurs && ticks % 8 === 0) fit(0); })
    .onEngineStop(() => { isSettled = true; if (isOurs) fit(400); })
    .minZoom(0.02)
    .maxZoom(12)
    .d3AlphaDecay(0.03)
    .d3VelocityDecay(0.35)
    .cooldownTicks(all.length > 10000 ? 80 : 220)
    .cooldownTime(20000);
  picture.d3Force("charge").strength((node) => -24 - 4 * node.radius).distanceMax(150);
  picture.d3Force("link")
    .distance((link) => (link.isMembership ? 60 : 26) + link.source.radius + link.target.radius)
    .strength((link) => {
      if (link.isMembership) return 0.015;
      if (link.source.group !== link.target.group) return 0.012;
      return 1 / Math.min(8, Math.max(1, Math.min(link.source.links.length, link.target.links.length)));
    });
  picture.d3Force("group", together()).d3Force("apart", apart());
  container.addEventListener("wheel", () => { isOurs = false; }, { passive: true });
  // A click alone moves nothing.
  container.addEventListener("pointermove", (event) => { if (event.buttons !== 0) isOurs = false; });
  new ResizeObserver(() => {
    picture.width(container.clientWidth).height(container.clientHeight);
    // What was clicked on stays where it was when its details open.
    if (isOurs && (selected === null || held !== null)) fit(0);
  }).observe(container);

  const redraw = () => picture.linkColor(linkColour).nodeCanvasObject(drawNode);
  const refocus = () => {
    const node = focus();
    near = new Set(node === null ? [] : [node, ...node.links.flatMap((link) => [link.source, link.target])]);
    redraw();
  };

  const show = () => {
    const shown = all.filter(isShown);
    const shownLinks = links.filter((link) => isShown(link.source) && isShown(link.target));
    isSettled = false;
    isOurs = true;
    held = null;
    ticks = 0;
    picture.graphData({ nodes: shown, links: shownLinks });
    const read = shown.filter((node) => node.entity !== null).length;
    const absent = ["not read", "not found"].map((absence) => [absence, shown.filter((node) => node.absence === absence).length]);
    const named = absent.filter(([, count]) => count > 0).map(([absence, count]) => `, ${count} named but ${absence}`);
    at("counts").textContent = `${read} of ${graph.entities.length} entities, ${shownLinks.length} of ${links.length} relationships${named.join("")}`;
    at("empty").hidden = shown.length > 0;
  };

  // ---- The filters, which are the legend, too --------------------------------------------------------------------

  const choices = (list, values, shown, row, whole, nothing) => {
    const boxes = values.map((value) => {
      const box = make("input");
      box.type = "checkbox";
      box.checked = shown.has(value);
      box.dataset.value = value;
      box.addEventListener("change", () => { box.checked ? shown.add(value) : shown.delete(value); show(); });
      list.append(make("li", "", make("label", "", box, ...row(value))));
      return box;
    });
    const setAll = (checked) => () => {
      for (const box of boxes) {
        box.checked = checked;
        checked ? shown.add(box.dataset.value) : shown.delete(box.dataset.value);
      }
      show();
    };
    whole.addEventListener("click", setAll(true));
    nothing.addEventListener("click", setAll(false));
  };
  const swatch = (className, value, from) => {
    const element = make("span", className);
    const paint = () => { element.style.background = from().get(value); };
    paint();
    dark.addEventListener("change", () => { readColours(); paint(); });
    return element;
  };
  const kindSwatch = (kind) => swatch("swatch", kind, () => colours.kinds);
  choices(at("kinds"), kinds, shownKinds, (kind) => {
    const extent = extents.get(kind);
    const name = make("span", "name", kind);
    if (extent && extent.extent !== "complete") {
      const tag = make("span", "tag warn", extent.extent === "denied" ? "not read" : "partly read");
      tag.title = safe(extent.reason);
      name.append(" ", tag);
    }
    return [kindSwatch(kind), name, make("span", "count", String(countsOfKinds.get(kind)))];
  }, at("kinds-all"), at("kinds-none"));
  choices(at("groups"), groups, shownGroups, (group) => {
    const name = group === "" ? "in none" : safe(group);
    return [swatch("swatch tint", group, () => (group === "" ? new Map([["", "transparent"]]) : colours.groupNames)), make("span", "name", name), make("span", "count", String(countsOfGroups.get(group)))];
  }, at("groups-all"), at("groups-none"));
  dark.addEventListener("change", () => { readColours(); redraw(); });

  // ---- What was not read -----------------------------------------------------------------------------------------

  const missing = (entry) => entry.extent !== "complete";
  const told = (entry) => {
    const what = entry.type ?? `${entry.source} ${entry.name} ${entry.destination}`;
    const how = entry.extent === "denied" ? "not read" : "partly read";
    return make("li", "", make("strong", "", what), `: ${how}. ${safe(entry.reason ?? "")}`);
  };
  const unread = [...graph.coverage.entities, ...graph.coverage.relationships].filter(missing);
  at("unread").hidden = unread.length === 0;
  at("unread-list").append(...unread.map(told));
  const whats = unread.map((entry) => entry.type ?? `${entry.source} ${entry.name} ${entry.destination}`);
  at("unread-kinds").textContent = whats.length > 6 ? `${whats.slice(0, 5).join(", ")} and ${whats.length - 5} more` : whats.join(", ");

  // ---- The details of one ----------------------------------------------------------------------------------------

  const shownValue = (value) => {
    if (value === null) return "none";
    if (typeof value === "object") return make("pre", "", safeLines(JSON.stringify(value, null, 2)));
    return safe(value);
  };
  const rows = (pairs) => make("table", "", ...pairs.map(([name, value]) => make("tr", "", make("th", "", safe(name)), make("td", "", shownValue(value)))));

  const stateTag = (node) => make("span", node.isUnwell ? "tag ill" : "tag", `${node.isUnwell ? "! " : ""}${safe(node.state)}`);

  const edge = (link, node) => {
    const { relationship } = link;
    const other = link.source === node ? link.target : link.source;
    const button = make("button", "", other.group !== "" && other.group !== node.group ? `${safe(other.group)} / ${other.name}` : other.name);
    button.type = "button";
    button.addEventListener("click", () => { select(other); centre(other); });
    const tags = [make("span", "tag", `by ${relationship.known_by}`)];
    tags.push(make("span", relationship.certain ? "tag" : "tag warn", relationship.certain ? "certain" : "not certain"));
    if (other.absence !== null) tags.push(make("span", "tag warn", other.absence));
    if (other.isUnwell) tags.push(stateTag(other));
    for (const [name, value] of Object.entries(relationship.properties)) {
      const text = Array.isArray(value) ? value.join(", ") : value ? "yes" : "no";
      tags.push(make("span", name === "ready" && value === false ? "tag ill" : "tag", safe(`${name}: ${text}`)));
    }
    return make("li", "edge", button, " ", make("span", "kind", other.type), make("div", "", ...tags));
  };

  const hint = (of) => {
    const { type, by, certain, ...rest } = of;
    const tags = [make("span", "tag", safe(`by ${by}`)), make("span", certain ? "tag" : "tag warn", certain ? "certain" : "not certain")];
    return make("div", "hint", make("strong", "", safe(type)), " ", ...tags, rows(Object.entries(rest)));
  };

  const detail = (node) => {
    const close = make("button", "", "×");
    close.type = "button";
    close.ariaLabel = "Close";
    close.addEventListener("click", () => select(null));
    const kind = make("div", "kind-line", kindSwatch(node.type), node.type);
    if (node.group !== "") kind.append(` in ${safe(node.group)}`);
    if (node.state !== null) kind.append(" ", stateTag(node));
    const parts = [make("div", "top", make("div", "", make("h2", "title", node.name), kind), close)];
    const extent = extents.get(node.type);
    if (node.entity === null) {
      const why = extent && missing(extent) ? `${extent.extent === "denied" ? "What is of its type was not read" : "Its type was partly read"}: ${safe(extent.reason)}` : "";
      const absence = node.absence === "not found"
        ? "Something names this, and it was not found: all that is of its type was read, and this was not there."
        : "Something names this, and it was not read: nothing more is known of it, not even that it exists.";
      parts.push(make("section", "missing", make("p", "", absence), make("p", "", why)));
    }
    parts.push(make("h3", "", "Identity"), rows([["type", node.type], ["id", node.id], ["uid", node.uid]]));
    if (node.entity !== null) {
      const properties = Object.entries(node.entity.properties);
      if (properties.length > 0) parts.push(make("h3", "", "Properties"), rows(properties));
      for (const [heading, isCertain] of [["Is the same as", true], ["May be the same as", false]]) {
        const hints = node.entity.same_as.filter(({ certain }) => certain === isCertain);
        if (hints.length > 0) parts.push(make("h3", "", heading), ...hints.map(hint));
      }
    }
    const ways = [["", (link) => link.source === node], ["← ", (link) => link.target === node && link.source !== node]];
    for (const [mark, isThisWay] of ways) {
      const byName = Map.groupBy(node.links.filter(isThisWay), (link) => link.relationship.type);
      for (const [name, ofName] of byName) {
        parts.push(make("h3", "", `${mark}${name} (${ofName.length})`), make("ul", "", ...ofName.slice(0, 200).map((link) => edge(link, node))));
        if (ofName.length > 200) parts.push(make("p", "", `and ${ofName.length - 200} more`));
      }
    }
    const more = graph.coverage.relationships.filter((entry) => missing(entry) && [entry.source, entry.destination, "any"].some((type, place) => (place === 2 ? entry.destination === "any" : type === node.type)));
    if (more.length > 0) parts.push(make("section", "missing", make("p", "", "There may be more relationships of:"), make("ul", "", ...more.map(told))));
    return parts;
  };

  const select = (node) => {
    selected = node;
    at("details").hidden = node === null;
    at("details").replaceChildren(...(node === null ? [] : detail(node)));
    at("details").scrollTop = 0;
    refocus();
  };
  const centre = (node, milliseconds = 500) => {
    if (!isShown(node)) {
      shownKinds.add(node.type);
      shownGroups.add(node.group);
      for (const box of document.querySelectorAll("#kinds input")) box.checked = shownKinds.has(box.dataset.value);
      for (const box of document.querySelectorAll("#groups input")) box.checked = shownGroups.has(box.dataset.value);
      show();
    }
    // Also while it still moves, and when it has settled.
    isOurs = true;
    held = node;
    fit(milliseconds);
  };
  const open = (node, milliseconds) => {
    select(node);
    centre(node, milliseconds);
  };

  // ---- What is not well ------------------------------------------------------------------------------------------

  const found = (node) => {
    const button = make("button", "", node.name, " ", make("span", "kind", `${node.type}${node.group === "" ? "" : ` in ${safe(node.group)}`}`));
    if (node.state !== null) button.append(" ", stateTag(node));
    if (node.absence !== null) button.append(" ", make("span", "tag warn", node.absence));
    button.type = "button";
    button.addEventListener("click", () => open(node));
    return make("li", "", button);
  };
  const MAX_UNWELL = 200;
  const unwell = all.filter((node) => node.isUnwell);
  at("unwell").hidden = unwell.length === 0;
  at("unwell-only").textContent = `! ${unwell.length} not well`;
  at("unwell-only").addEventListener("click", () => {
    isOnlyUnwell = !isOnlyUnwell;
    at("unwell-only").ariaPressed = String(isOnlyUnwell);
    at("unwell-list").hidden = !isOnlyUnwell;
    redraw();
  });
  at("unwell-list").append(...unwell.slice(0, MAX_UNWELL).map(found));
  if (unwell.length > MAX_UNWELL) at("unwell-list").append(make("li", "kind", `and ${unwell.length - MAX_UNWELL} more`));

  // ---- Searching, and the keyboard -------------------------------------------------------------------------------

  const MAX_FOUND = 12;
  const searched = ({ type, id, state, absence }) => `${type}/${id} ${state ?? absence ?? ""}`.toLowerCase();
  at("search").addEventListener("input", () => {
    const words = at("search").value.toLowerCase().split(/\s+/).filter((word) => word !== "");
    const hits = words.length === 0 ? [] : all.filter((node) => words.every((word) => searched(node).includes(word)));
    // What remarks are about comes before them.
    hits.sort((a, b) => remarks.has(a.type) - remarks.has(b.type));
    const items = hits.slice(0, MAX_FOUND).map(found);
    if (hits.length > MAX_FOUND) items.push(make("li", "kind", `and ${hits.length - MAX_FOUND} more`));
    if (words.length > 0 && hits.length === 0) items.push(make("li", "kind", "Nothing that was read is called so."));
    at("found").replaceChildren(...items);
  });
  at("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter") at("found").querySelector("button")?.click();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") select(null);
    if (event.key === "/" && document.activeElement !== at("search")) {
      event.preventDefault();
      at("search").focus();
    }
  });
  at("closer").addEventListener("click", () => { isOurs = false; picture.zoom(picture.zoom() * 1.5, still ? 0 : 200); });
  at("further").addEventListener("click", () => { isOurs = false; picture.zoom(picture.zoom() / 1.5, still ? 0 : 200); });
  at("fit").addEventListener("click", () => { isOurs = true; held = null; fit(300); });

  show();
  const start = view.start === null ? undefined : nodes.get(keyOf(view.start, true));
  if (start !== undefined) open(start, 0);

  // For tests of the page: what is drawn, and where.
  window.graphPage = {
    nodes: () => picture.graphData().nodes.length,
    links: () => picture.graphData().links.length,
    isSettled: () => isSettled,
    place: (type, id) => {
      const node = picture.graphData().nodes.find((node) => node.type === type && node.id === id);
      if (!node) return null;
      const [corner, point] = [container.getBoundingClientRect(), picture.graph2ScreenCoords(node.x, node.y)];
      return { x: corner.left + point.x, y: corner.top + point.y };
    },
  };
})();
