from django.urls import path

from gooclaim_inbox.views import receive

urlpatterns = [path("", receive)]
