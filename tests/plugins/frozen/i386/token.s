	.file	"token.c"
	.text
	.type	init, @function
init:
	pushl	%ebp
	movl	%esp, %ebp
	movl	12(%ebp), %eax
	movl	8(%ebp), %edx
	movl	%edx, (%eax)
	xorl	%eax, %eax
	popl	%ebp
	ret
	.size	init, .-init
	.section	.rodata.str1.1,"aMS",@progbits,1
.LC0:
	.string	"X-TOKEN"
	.text
	.type	mech_at, @function
mech_at:
	call	__x86.get_pc_thunk.cx
	addl	$_GLOBAL_OFFSET_TABLE_, %ecx
	pushl	%ebp
	movl	$-3, %edx
	movl	%esp, %ebp
	cmpl	$0, 12(%ebp)
	movl	16(%ebp), %eax
	jne	.L3
	movl	$17, 4(%eax)
	leal	.LC0@GOTOFF(%ecx), %edx
	movl	$5, 8(%eax)
	movl	%edx, 12(%eax)
	xorl	%edx, %edx
.L3:
	movl	%edx, %eax
	popl	%ebp
	ret
	.size	mech_at, .-mech_at
	.type	same, @function
same:
	pushl	%ebp
	movl	%esp, %ebp
	movl	20(%ebp), %eax
	movl	8(%eax), %edx
	movl	%edx, 8(%ebp)
	movl	4(%eax), %eax
	popl	%ebp
	jmp	*%eax
	.size	same, .-same
	.section	.rodata.str1.1
.LC1:
	.string	"layer"
	.text
	.type	layer, @function
layer:
	pushl	%ebp
	movl	%esp, %ebp
	pushl	%edi
	pushl	%esi
	call	__x86.get_pc_thunk.si
	addl	$_GLOBAL_OFFSET_TABLE_, %esi
	pushl	%ebx
	subl	$16, %esp
	movl	8(%ebp), %edi
	movl	12(%ebp), %ebx
	movl	(%edi), %eax
	leal	.LC1@GOTOFF(%esi), %edx
	pushl	%edx
	pushl	$2
	pushl	%eax
	call	*20(%eax)
	movl	4(%edi), %eax
	addl	$16, %esp
	cmpl	$0, 12(%eax)
	movl	$100, 8(%ebx)
	setne	%al
	movzbl	%al, %eax
	movl	%eax, 4(%ebx)
	leal	same@GOTOFF(%esi), %eax
	movl	%eax, 12(%ebx)
	movl	%eax, 16(%ebx)
	leal	-12(%ebp), %esp
	xorl	%eax, %eax
	popl	%ebx
	popl	%esi
	popl	%edi
	popl	%ebp
	ret
	.size	layer, .-layer
	.type	mech_free, @function
mech_free:
	pushl	%ebp
	movl	%esp, %ebp
	movl	8(%ebp), %eax
	testl	%eax, %eax
	je	.L13
	movl	(%eax), %edx
	popl	%ebp
	movl	12(%edx), %eax
	jmp	*%eax
.L13:
	popl	%ebp
	ret
	.size	mech_free, .-mech_free
	.section	.rodata.str1.1
.LC2:
	.string	"mech %s ssf %u %u %u %s %s list %s"
	.text
	.type	mech_new, @function
mech_new:
	call	__x86.get_pc_thunk.dx
	addl	$_GLOBAL_OFFSET_TABLE_, %edx
	pushl	%ebp
	movl	%esp, %ebp
	pushl	%edi
	pushl	%esi
	pushl	%ebx
	subl	$296, %esp
	movl	8(%ebp), %edi
	movl	%edx, -284(%ebp)
	movl	16(%ebp), %ebx
	pushl	$12
	call	*4(%edi)
	movl	%eax, %esi
	movl	$-20, %eax
	addl	$16, %esp
	testl	%esi, %esi
	je	.L16
	xorl	%eax, %eax
	movl	%ebx, 4(%esi)
	leal	-280(%ebp), %ecx
	movl	%eax, 8(%esi)
	movl	%edi, (%esi)
	pushl	%edx
	pushl	%edx
	movl	-284(%ebp), %edx
	pushl	24(%ebx)
	leal	.LC2@GOTOFF(%edx), %eax
	pushl	20(%ebx)
	pushl	16(%ebx)
	pushl	12(%ebx)
	pushl	8(%ebx)
	pushl	4(%ebx)
	movl	%edx, %ebx
	pushl	12(%ebp)
	pushl	%eax
	pushl	$256
	pushl	%ecx
	movl	%ecx, -284(%ebp)
	call	snprintf@PLT
	movl	-284(%ebp), %ecx
	addl	$44, %esp
	pushl	%ecx
	pushl	$2
	pushl	%edi
	call	*20(%edi)
	movl	20(%ebp), %eax
	addl	$16, %esp
	movl	%esi, (%eax)
	xorl	%eax, %eax
.L16:
	leal	-12(%ebp), %esp
	popl	%ebx
	popl	%esi
	popl	%edi
	popl	%ebp
	ret
	.size	mech_new, .-mech_new
	.type	usable, @function
usable:
	pushl	%ebp
	movl	%esp, %ebp
	pushl	%ebx
	call	__x86.get_pc_thunk.bx
	addl	$_GLOBAL_OFFSET_TABLE_, %ebx
	subl	$12, %esp
	leal	.LC0@GOTOFF(%ebx), %eax
	pushl	%eax
	pushl	12(%ebp)
	call	strcmp@PLT
	addl	$16, %esp
	testl	%eax, %eax
	jne	.L23
	movl	16(%ebp), %edx
	cmpl	$0, 4(%edx)
	movl	$-62, %edx
	cmove	%edx, %eax
	jmp	.L21
.L23:
	movl	$-62, %eax
.L21:
	movl	-4(%ebp), %ebx
	leave
	ret
	.size	usable, .-usable
	.section	.rodata.str1.1
.LC3:
	.string	"for the test"
.LC4:
	.string	":"
	.text
	.type	put.isra.0, @function
put.isra.0:
	pushl	%ebp
	movl	%esp, %ebp
	pushl	%edi
	movl	%ecx, %edi
	xorl	%ecx, %ecx
	pushl	%esi
	leal	-44(%ebp), %esi
	pushl	%ebx
	call	__x86.get_pc_thunk.bx
	addl	$_GLOBAL_OFFSET_TABLE_, %ebx
	subl	$80, %esp
	movl	%edx, -56(%ebp)
	movl	$16, -60(%ebp)
	movl	$20, -44(%ebp)
	movl	%ecx, -40(%ebp)
	leal	.LC0@GOTOFF(%ebx), %edx
	movl	%ecx, -36(%ebp)
	movl	%edx, -52(%ebp)
	leal	.LC3@GOTOFF(%ebx), %edx
	movl	%edx, -48(%ebp)
	leal	-60(%ebp), %edx
	movl	%ecx, -32(%ebp)
	movl	%ecx, -28(%ebp)
	pushl	%esi
	pushl	%edx
	pushl	36(%eax)
	call	*32(%eax)
	addl	$16, %esp
	testl	%eax, %eax
	jne	.L26
	pushl	%edx
	pushl	-36(%ebp)
	pushl	-40(%ebp)
	pushl	8(%edi)
	call	*4(%edi)
	movl	%eax, -76(%ebp)
	movl	%esi, (%esp)
	call	*-32(%ebp)
	movl	-76(%ebp), %eax
	addl	$16, %esp
	testl	%eax, %eax
	jne	.L26
	pushl	%eax
	leal	.LC4@GOTOFF(%ebx), %eax
	pushl	$1
	pushl	%eax
	pushl	8(%edi)
	call	*4(%edi)
	addl	$16, %esp
.L26:
	leal	-12(%ebp), %esp
	popl	%ebx
	popl	%esi
	popl	%edi
	popl	%ebp
	ret
	.size	put.isra.0, .-put.isra.0
	.section	.rodata.str1.1
.LC5:
	.string	"more"
.LC6:
	.string	"enough"
.LC7:
	.string	"token: another challenge"
.LC8:
	.string	"tls-exporter"
	.text
	.type	step, @function
step:
	pushl	%ebp
	xorl	%edx, %edx
	movl	%esp, %ebp
	pushl	%edi
	pushl	%esi
	pushl	%ebx
	call	__x86.get_pc_thunk.bx
	addl	$_GLOBAL_OFFSET_TABLE_, %ebx
	subl	$44, %esp
	movl	8(%ebp), %esi
	movl	28(%ebp), %ecx
	movl	%edx, -44(%ebp)
	xorl	%edx, %edx
	movl	20(%ebp), %edi
	movl	24(%ebp), %eax
	movl	%edx, (%ecx)
	movl	8(%esi), %edx
	leal	1(%edx), %ecx
	movl	%ecx, 8(%esi)
	testl	%edx, %edx
	je	.L30
	cmpl	$4, 16(%ebp)
	movl	$1, (%eax)
	jne	.L31
	pushl	%eax
	leal	.LC5@GOTOFF(%ebx), %eax
	pushl	$4
	pushl	%eax
	pushl	12(%ebp)
	call	memcmp@PLT
	addl	$16, %esp
	testl	%eax, %eax
	jne	.L31
	pushl	%eax
	leal	.LC6@GOTOFF(%ebx), %eax
	pushl	$6
	pushl	%eax
	jmp	.L39
.L31:
	leal	.LC7@GOTOFF(%ebx), %edx
	movl	(%esi), %eax
	pushl	%edi
	pushl	%edi
	pushl	%edx
	movl	4(%esi), %edx
	pushl	$0
	pushl	$0
	pushl	$-50
	pushl	40(%edx)
	pushl	%eax
	call	*24(%eax)
	movl	$-50, %eax
	addl	$32, %esp
	jmp	.L29
.L30:
	xorl	%ecx, %ecx
	movl	$1, %edx
	movl	%ecx, (%eax)
	movl	4(%esi), %eax
	movl	%edi, %ecx
	call	put.isra.0
	testl	%eax, %eax
	je	.L33
	cmpl	$-1, %eax
	jne	.L29
.L34:
	movl	28(%ebp), %eax
	xorl	%edx, %edx
	movl	$4, (%eax)
	orl	$-1, %eax
	movl	%edx, 8(%esi)
	jmp	.L29
.L33:
	movl	4(%esi), %eax
	movl	%edi, %ecx
	movl	$4, %edx
	call	put.isra.0
	cmpl	$-1, %eax
	je	.L34
	testl	%eax, %eax
	jne	.L29
	movl	4(%esi), %eax
	subl	$12, %esp
	leal	-44(%ebp), %edx
	leal	-40(%ebp), %esi
	pushl	%edx
	leal	.LC8@GOTOFF(%ebx), %edx
	pushl	$16
	pushl	%esi
	pushl	%edx
	pushl	36(%eax)
	call	*28(%eax)
	addl	$32, %esp
	testl	%eax, %eax
	jne	.L29
	pushl	%eax
	pushl	-44(%ebp)
	pushl	%esi
.L39:
	pushl	8(%edi)
	call	*4(%edi)
	addl	$16, %esp
.L29:
	leal	-12(%ebp), %esp
	popl	%ebx
	popl	%esi
	popl	%edi
	popl	%ebp
	ret
	.size	step, .-step
	.globl	envoi_plugin_token
	.type	envoi_plugin_token, @function
envoi_plugin_token:
	call	__x86.get_pc_thunk.ax
	addl	$_GLOBAL_OFFSET_TABLE_, %eax
	leal	plugin@GOTOFF(%eax), %eax
	ret
	.size	envoi_plugin_token, .-envoi_plugin_token
	.section	.rodata.str1.1
.LC9:
	.string	"token"
.LC10:
	.string	"1.0"
.LC11:
	.string	"MIT"
	.section	.data.rel.ro.local,"aw"
	.align 32
	.type	plugin, @object
	.size	plugin, 44
plugin:
	.long	44
	.long	1162761807
	.long	1
	.long	0
	.long	.LC9
	.long	.LC10
	.long	.LC11
	.long	init
	.long	0
	.long	0
	.long	mechanisms
	.align 4
	.type	mechanisms, @object
	.size	mechanisms, 8
mechanisms:
	.long	mechanism
	.long	0
	.align 32
	.type	mechanism, @object
	.size	mechanism, 32
mechanism:
	.long	32
	.long	.LC9
	.long	mech_at
	.long	usable
	.long	mech_new
	.long	step
	.long	layer
	.long	mech_free
	.section	.text.__x86.get_pc_thunk.ax,"axG",@progbits,__x86.get_pc_thunk.ax,comdat
	.globl	__x86.get_pc_thunk.ax
	.hidden	__x86.get_pc_thunk.ax
	.type	__x86.get_pc_thunk.ax, @function
__x86.get_pc_thunk.ax:
	movl	(%esp), %eax
	ret
	.section	.text.__x86.get_pc_thunk.dx,"axG",@progbits,__x86.get_pc_thunk.dx,comdat
	.globl	__x86.get_pc_thunk.dx
	.hidden	__x86.get_pc_thunk.dx
	.type	__x86.get_pc_thunk.dx, @function
__x86.get_pc_thunk.dx:
	movl	(%esp), %edx
	ret
	.section	.text.__x86.get_pc_thunk.cx,"axG",@progbits,__x86.get_pc_thunk.cx,comdat
	.globl	__x86.get_pc_thunk.cx
	.hidden	__x86.get_pc_thunk.cx
	.type	__x86.get_pc_thunk.cx, @function
__x86.get_pc_thunk.cx:
	movl	(%esp), %ecx
	ret
	.section	.text.__x86.get_pc_thunk.bx,"axG",@progbits,__x86.get_pc_thunk.bx,comdat
	.globl	__x86.get_pc_thunk.bx
	.hidden	__x86.get_pc_thunk.bx
	.type	__x86.get_pc_thunk.bx, @function
__x86.get_pc_thunk.bx:
	movl	(%esp), %ebx
	ret
	.section	.text.__x86.get_pc_thunk.si,"axG",@progbits,__x86.get_pc_thunk.si,comdat
	.globl	__x86.get_pc_thunk.si
	.hidden	__x86.get_pc_thunk.si
	.type	__x86.get_pc_thunk.si, @function
__x86.get_pc_thunk.si:
	movl	(%esp), %esi
	ret
	.section	.note.GNU-stack,"",@progbits
