// A stroke: its form on the wire, and its look. The server draws the same into its picture.

const LINE = 2;
const RECTANGLE = 3;
const THINNEST = 1;

/** Ten numbers: type, red, green, blue, opacity (0 to 255 each), thickness, and two points. */
export function formatStroke({ type, colour, thickness, x1, y1, x2, y2 }) {
  return [type, ...colour, thickness, x1, y1, x2, y2].join(',');
}

/** The server puts the number of the player's last accepted stroke before the ten. */
export function parseStroke(text) {
  const [id, type, red, green, blue, alpha, thickness, x1, y1, x2, y2] = text.split(',').map(Number);
  return { id, stroke: { type, colour: [red, green, blue, alpha], thickness, x1, y1, x2, y2 } };
}

export function paint(context, { type, colour: [red, green, blue, alpha], thickness, x1, y1, x2, y2 }) {
  const style = `rgb(${red} ${green} ${blue} / ${alpha / 255})`;
  const width = Math.max(thickness, THINNEST);
  context.save();
  context.strokeStyle = style;
  context.fillStyle = style;
  context.lineWidth = width;
  context.lineCap = 'round';
  context.beginPath();
  if (x1 === x2 && y1 === y2) {
    context.arc(x1, y1, width / 2, 0, 2 * Math.PI);
    context.fill();
  } else if (type <= LINE || x1 === x2 || y1 === y2) {
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
  } else if (type === RECTANGLE) {
    context.strokeRect(Math.min(x1, x2), Math.min(y1, y2), Math.abs(x2 - x1), Math.abs(y2 - y1));
  } else {
    context.ellipse((x1 + x2) / 2, (y1 + y2) / 2, Math.abs(x2 - x1) / 2, Math.abs(y2 - y1) / 2, 0, 0, 2 * Math.PI);
    context.stroke();
  }
  context.restore();
}
