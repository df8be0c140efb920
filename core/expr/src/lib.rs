//! OTTL: paths, literals, comparison, boolean and arithmetic expressions over wire views.
