"""A fitted scikit-learn pipeline as an ONNX graph: features in, probabilities of all classes out."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.algebra.onnx_ops import OnnxDiv, OnnxSub
from skl2onnx.common.data_types import FloatTensorType
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

from hemapipe.models.classical import FLOOR, voters
from hemapipe.training.classical.store import ClassicalModel

INPUT, OUTPUT = "features", "probabilities"
_OPSETS = {"": 21, "ai.onnx.ml": 3}
_RAW = "of_the_classes_seen"


def to_onnx(model: ClassicalModel, n_features: int) -> bytes:
    """Return the ONNX model of features (n, n_features), float32 → probabilities (n, n_classes), float32.

    The same numbers as `ClassicalModel.predict`, with its pseudo-counts, its floor and the classes it never saw.
    """
    _register()
    graph = convert_sklearn(
        model.pipeline,
        name=model.kind,  # else a random one: equal models give equal bytes
        initial_types=[(INPUT, FloatTensorType([None, n_features]))],
        options={id(model.pipeline): {"zipmap": False}},
        target_opset=_OPSETS,
    )
    _finish(graph, model)
    versions = sorted(graph.opset_import, key=lambda one: one.domain)  # the converter lists them in a set's order
    del graph.opset_import[:]
    graph.opset_import.extend(versions)
    onnx.checker.check_model(graph)
    return graph.SerializeToString()


def _register() -> None:
    """Teach the converter XGBoost, and to standardise in single precision by a division, as scikit-learn does.

    Its own operator multiplies by the reciprocal: the last bit differs, and at a tree's threshold that is another leaf.
    """
    update_registered_converter(
        StandardScaler, "SinglePrecisionScaler", _scaler_shape, _convert_scaler, overwrite=True, options=None
    )
    update_registered_converter(
        XGBClassifier,
        "XGBoostXGBClassifier",
        calculate_linear_classifier_output_shapes,
        convert_xgboost,
        overwrite=True,
        options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
    )


def _scaler_shape(operator: Any) -> None:
    operator.outputs[0].type = FloatTensorType([None, operator.raw_operator.n_features_in_])


def _convert_scaler(scope: Any, operator: Any, container: Any) -> None:
    scaler, version = operator.raw_operator, container.target_opset
    centred = OnnxSub(operator.inputs[0], scaler.mean_.astype(np.float32), op_version=version)
    scale = scaler.scale_.astype(np.float32)
    OnnxDiv(centred, scale, op_version=version, output_names=operator.outputs[:1]).add_to(scope, container)


def _finish(graph: onnx.ModelProto, model: ClassicalModel) -> None:
    """Append what `models.classical.predict_proba` and `ClassicalModel.predict` do after the estimator."""
    body = graph.graph
    for names in (names for node in body.node for names in (node.input, node.output)):
        names[:] = [_RAW if name == OUTPUT else name for name in names]
    n_present, n_voters = len(model.present), voters(model.kind, model.pipeline)
    spread = np.zeros((n_present, model.n_classes), np.float32)
    spread[np.arange(n_present), model.present] = n_voters / (n_voters + 1) if n_voters else 1
    added = np.zeros(model.n_classes, np.float32)
    added[model.present] = 1 / n_present / (n_voters + 1) if n_voters else 0
    constants = {"spread": spread, "added": added, "floor": np.array(FLOOR, np.float32), "axis": np.array([1])}
    body.initializer.extend(numpy_helper.from_array(value, f"after_{name}") for name, value in constants.items())
    body.node.extend(
        [
            helper.make_node("MatMul", [_RAW, "after_spread"], ["after_placed"]),
            helper.make_node("Add", ["after_placed", "after_added"], ["after_counted"]),
            helper.make_node("Max", ["after_counted", "after_floor"], ["after_floored"]),
            helper.make_node("ReduceSum", ["after_floored", "after_axis"], ["after_total"], keepdims=1),
            helper.make_node("Div", ["after_floored", "after_total"], [OUTPUT]),
        ]
    )
    del body.output[:]
    body.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, model.n_classes]))
