/** In the order of the columns. */
export const CONTENDER_IDS = ['serval', 'ws', 'nestjs', 'socketio', 'tomcat'] as const;

export type ContenderId = (typeof CONTENDER_IDS)[number];
