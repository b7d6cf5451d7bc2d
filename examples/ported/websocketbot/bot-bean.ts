import { setTimeout as after } from 'node:timers/promises';

const THINKING_MS = 1200;
const DUKE_WAS_BORN = 1995;

/** The robot: answers four questions, and takes its time. */
export class BotBean {
  async respond(message: string): Promise<string> {
    // An answer must not keep the process alive.
    await after(THINKING_MS, undefined, { ref: false });
    return answerTo(message.toLowerCase().replaceAll('?', ''));
  }
}

function answerTo(question: string): string {
  if (question.includes('how are you')) return 'Very well, thanks. I hope you are, too.';
  if (question.includes('how old are you')) return `I am ${new Date().getFullYear() - DUKE_WAS_BORN} years old.`;
  if (question.includes('when is your birthday')) return 'It is on the 23rd of May.';
  if (question.includes('your favorite color')) return 'Blue. Which one is yours?';
  return 'That is beyond me. Ask how I am, how old I am, when my birthday is, or what my favorite color is.';
}
