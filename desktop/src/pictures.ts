/** Pictures made smaller, or into a format that WhatsApp takes, by the browser's own canvas. */
import { fitted, renamed } from "./media";

const QUALITY = 0.85;
const THUMB_PX = 112;

/** The picture decoded, upright; null where this browser cannot. */
export async function decoded(file: Blob): Promise<ImageBitmap | null> {
  try {
    return await createImageBitmap(file);
  } catch {
    return null;
  }
}

/** A small view of the picture. */
export async function thumbnail(picture: ImageBitmap): Promise<ImageBitmap> {
  return createImageBitmap(picture, { resizeHeight: THUMB_PX, resizeQuality: "medium" });
}

/** A JPEG of the file with no side over the limit; null where this browser cannot make one. */
export async function shrunk(file: File): Promise<File | null> {
  const picture = await decoded(file);
  if (picture === null) return null;
  const blob = await jpeg(picture);
  picture.close();
  return blob && new File([blob], renamed(file.name, "jpg"), { type: "image/jpeg" });
}

async function jpeg(picture: ImageBitmap): Promise<Blob | null> {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, fitted(picture.width, picture.height));
  const context = canvas.getContext("2d");
  if (context === null) return null;
  // JPEG knows no transparency, and what shows through would be black.
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
}
