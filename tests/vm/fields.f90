! SPDX-License-Identifier: BSD-2-Clause
! A module of Fortran with memory of several kinds; see flow.f90.
module fields
  use iso_c_binding
  implicit none
  type holder
    real(8), allocatable :: values(:, :)
    character(:), allocatable :: text
  end type
  interface
    ! Remembers a block, for where_print() later.
    subroutine where_block(kind, start, bytes) bind(c)
      import
      integer(c_int), value :: kind
      type(c_ptr), value :: start
      integer(c_size_t), value :: bytes
    end subroutine
    subroutine where_all() bind(c)
    end subroutine
  end interface
contains

  subroutine remember(kind, held)
    integer(c_int), intent(in) :: kind
    type(holder), intent(in), target :: held(:)
    integer :: i
    do i = 1, size(held)
      call where_block(kind, c_loc(held(i)%values), &
        int(8 * size(held(i)%values), c_size_t))
      call where_block(kind, c_loc(held(i)%text), &
        int(len(held(i)%text), c_size_t))
    end do
  end subroutine

  subroutine make_pressure(held, n)
    type(holder), intent(inout), target :: held(:)
    integer, intent(in) :: n
    integer :: i
    do i = 1, size(held)
      allocate (held(i)%values(n, mod(i, 30) + 1))
      held(i)%values = i
      held(i)%text = repeat('pressure ', mod(i * 37, 300) + 1)
    end do
    call remember(0, held)
  end subroutine

  subroutine make_velocity(held, n)
    type(holder), intent(inout), target :: held(:)
    integer, intent(in) :: n
    integer :: i
    do i = 1, size(held)
      allocate (held(i)%values(n, mod(i, 30) + 1))
      held(i)%values = -i
      held(i)%text = repeat('velocity ', mod(i * 37, 300) + 1)
    end do
    call remember(1, held)
  end subroutine

  ! An automatic array: gfortran has it on the heap, while this runs.
  subroutine smooth(n)
    integer, intent(in) :: n
    real(8), target :: scratch(n)
    scratch = n
    call where_block(2, c_loc(scratch), int(8 * n, c_size_t))
    call where_all()
  end subroutine
end module
