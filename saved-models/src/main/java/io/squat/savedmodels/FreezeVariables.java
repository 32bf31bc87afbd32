package io.squat.savedmodels;

import java.util.List;

/**
 * Puts a constant in the place of every variable that is still read.
 *
 * <p>Invariant: for the same values the outputs stay the same to the last bit; the model has no
 * variables afterwards.
 */
final class FreezeVariables implements RewritePass {
  private final Constants constants;

  FreezeVariables(Constants constants) {
    this.constants = constants;
  }

  @Override
  public ModelGraph apply(ModelGraph model) {
    GraphEditor editor = model.edit();
    for (ModelVariable variable : model.variables()) {
      if (!editor.uses(variable.read()).isEmpty()) {
        editor.put(constants.plain(variable));
      }
    }
    return model.with(editor, List.of());
  }
}
