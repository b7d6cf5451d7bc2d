import type { TckContext } from '../../context';

export const context: TckContext = { root: '/wsc_spec_annotation_inheritance_web' };
