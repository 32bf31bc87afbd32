package io.squat.train;

import io.squat.glue.Casing;
import io.squat.glue.Task;
import io.squat.savedmodels.SavedModelReader;
import org.jspecify.annotations.Nullable;

/**
 * Everything of a run's settings that decides the numbers of its float stage: runs in which it is
 * equal have the same one, bit for bit, whatever their methods are.
 */
record FloatSettings(
    Task task,
    String trainHash,
    String devHash,
    @Nullable Integer trainRows,
    String model,
    SavedModelReader.Choice choice,
    Casing casing,
    int floatEpochs,
    int batch,
    int maxLength,
    double learningRate,
    double weightDecay,
    double warmup,
    double clip,
    double dropout,
    long seed) {}
