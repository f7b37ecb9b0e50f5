"""The training step, as Lightning wants it."""

from __future__ import annotations

from typing import Any

import lightning
import torch
from torch.nn import functional

from hemapipe.core.params import derive_seed
from hemapipe.training.cnn import layers
from hemapipe.training.cnn.data import Batch
from hemapipe.training.cnn.online import OnlineAugment
from hemapipe.training.cnn.optim import make_optimizer, make_schedule
from hemapipe.training.cnn.params import TrainParams
from hemapipe.training.cnn.store import Classifier


class CnnModule(lightning.LightningModule):
    """Cross-entropy of a `Classifier` over augmented batches.

    Whatever is random in an epoch is seeded at its start from (seed, epoch): dropout here, the order in
    `data.EpochShuffle`, the augmentation in `OnlineAugment`. No random stream has to survive an interruption.
    """

    class_weights: torch.Tensor | None

    def __init__(
        self,
        classifier: Classifier,
        builder: str,
        params: TrainParams,
        augment: OnlineAugment,
        class_weights: torch.Tensor | None,
    ) -> None:
        """Train `classifier`, of `builder`, by the recipe; `class_weights` (n_classes,) weight the training loss."""
        super().__init__()
        self.classifier, self.builder, self.params, self.augment = classifier, builder, params, augment
        self.layout = torch.channels_last if params.channels_last else torch.contiguous_format
        self.register_buffer("class_weights", class_weights, persistent=False)

    def configure_optimizers(self) -> Any:
        """Return the optimiser and, where there is one, the schedule, stepped after every batch."""
        optimizer = make_optimizer(layers.groups(self.classifier.network, self.builder, self.params), self.params)
        schedule = make_schedule(optimizer, self.params, int(self.trainer.estimated_stepping_batches))
        if schedule is None:
            return {"optimizer": optimizer}
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_train_epoch_start(self) -> None:
        """Seed all that is random in this epoch."""
        epoch = self.current_epoch
        lightning.seed_everything(derive_seed(self.augment.seed, "epoch", str(epoch)), verbose=False)
        self.augment.start(epoch)

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Augment training batches, on the device; give the images their memory layout."""
        images = self.augment(batch.images, batch.positions) if self.trainer.training else batch.images
        return batch._replace(images=images.contiguous(memory_format=self.layout))

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        """Return the loss of a batch, weighted by class where asked for; the accuracy is that of augmented images."""
        logits = self.classifier(batch.images)
        loss = functional.cross_entropy(logits, batch.targets, weight=self.class_weights)
        self._log("train_loss", loss, batch)
        self._log("train_accuracy", (logits.argmax(1) == batch.targets).float().mean(), batch)
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Note the plain cross-entropy and the accuracy of a batch."""
        logits = self.classifier(batch.images)
        self._log("val_loss", functional.cross_entropy(logits, batch.targets), batch)
        self._log("val_accuracy", (logits.argmax(1) == batch.targets).float().mean(), batch)

    def _log(self, name: str, value: torch.Tensor, batch: Batch) -> None:
        """Average over the samples of the epoch, and over the devices."""
        several = self.trainer.world_size > 1
        self.log(name, value, on_step=False, on_epoch=True, batch_size=len(batch.targets), sync_dist=several)
