// A film of several tracks locked together: a slider, Play, and a strip of all frames. Runs in the browser alone.
const FRAME_MS = 400;

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".film");
  const signature = JSON.stringify([data.frames, data.tracks.map((track) => track.pictures)]);
  if (root.signature === signature) return;
  root.signature = signature;
  root.stop?.();

  const { frames, tracks } = data;
  const make = (kind, className, text = "") => {
    const element = document.createElement(kind);
    element.className = className;
    element.textContent = text;
    return element;
  };
  const picture = (track, frame, alt) => {
    const box = make("span", "picture");
    const image = make("img", track.base ? "light" : track.crisp ? "crisp" : "");
    image.src = track.pictures[frame];
    image.alt = alt;
    if (track.base) {
      const base = make("img", "");
      base.src = track.base;
      base.alt = "";
      box.append(base);
    }
    box.append(image);
    return box;
  };

  const play = make("button", "play", "▶ Play");
  play.type = "button";
  const slider = make("input", "slider");
  Object.assign(slider, { type: "range", min: 0, max: frames.length - 1, step: 1 });
  slider.setAttribute("aria-label", data.label);
  const where = make("p", "where");
  const controls = make("div", "controls");
  controls.append(play, slider, where);

  const screens = tracks.map((track) => {
    const figure = make("figure", "screen");
    const box = picture(track, 0, "");
    const image = box.lastChild;
    const pair = make("div", track.beside ? "pair" : "");
    pair.append(box);
    if (track.beside) pair.append(picture({ pictures: [track.beside] }, 0, `${track.title}. Finished`));
    const detail = make("span", "detail");
    const caption = make("figcaption", "");
    caption.append(make("b", "", track.title), document.createElement("br"), detail);
    figure.append(pair, caption);
    return { track, figure, image, detail };
  });
  const stage = make("div", "stage");
  stage.append(...screens.map((screen) => screen.figure));

  const strip = make("div", "strip");
  strip.setAttribute("role", "group");
  strip.setAttribute("aria-label", `All of them: ${data.label}`);
  const columns = frames.map((frame, index) => {
    const column = make("button", "column");
    column.type = "button";
    column.tabIndex = -1; // the slider is the keyboard's way
    column.title = frame.caption;
    column.setAttribute("aria-label", frame.caption);
    column.append(...tracks.map((track) => picture(track, index, "")), make("span", "", frame.short));
    column.onclick = () => { pause(); show(index); };
    return column;
  });
  strip.append(...columns);

  let timer = null;
  const show = (index) => {
    slider.value = index;
    slider.setAttribute("aria-valuetext", frames[index].caption);
    where.textContent = frames[index].caption;
    for (const { track, image, detail } of screens) {
      image.src = track.pictures[index];
      image.alt = `${track.title}. ${frames[index].caption}`;
      detail.textContent = track.details ? track.details[index] : "";
    }
    columns.forEach((column, place) => column.classList.toggle("now", place === index));
    const column = columns[index];
    const hidden = column.offsetLeft < strip.scrollLeft || column.offsetLeft + column.offsetWidth > strip.scrollLeft + strip.clientWidth;
    if (hidden) strip.scrollLeft = column.offsetLeft - strip.clientWidth / 2;
  };
  const pause = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "▶ Play";
  };
  const start = () => {
    if (Number(slider.value) === frames.length - 1) show(0);
    play.textContent = "❚❚ Pause";
    timer = setInterval(() => {
      const next = Number(slider.value) + 1;
      if (next >= frames.length) return pause();
      show(next);
    }, FRAME_MS);
  };
  play.onclick = () => (timer === null ? start() : pause());
  slider.oninput = () => { pause(); show(Number(slider.value)); };

  root.stop = pause;
  root.replaceChildren(controls, stage, strip);
  show(Math.min(data.first, frames.length - 1));
  requestAnimationFrame(() => show(Number(slider.value))); // once laid out, the strip can scroll there
  return pause;
}
